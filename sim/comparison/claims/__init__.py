"""Reported counts: cases, intervals, observables, files of claims."""
