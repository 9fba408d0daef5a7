"""Workloads as SimPy processes: who is active when, on what, with which account."""
