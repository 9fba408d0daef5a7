"""A second, slow implementation of docs/world.md, to hold the fast one against."""
