"""A second, slow implementation of docs/world.md, to hold the fast one against.

Sessions and workers are SimPy processes. Token buckets are plain integers and not SimPy
resources: their levels must be exact, and they refill continuously, which a process could only
do in steps.
"""
