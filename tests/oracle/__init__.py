"""A second, slow implementation of docs/world.md, to hold the fast one against.

Sessions and workers are SimPy processes. Token buckets are plain integers and not SimPy
resources: their levels must be exact, and they refill continuously, which a process could only
do in steps.

It takes the draws of the fast path (calls, the times at which sessions and tickets are offered, who
sends them, uniform numbers) and decides itself what follows from them: which sessions a holiday
leaves, which model a release gives them, when every attempt is made, how it ends, what it reads.
"""
