"""Reported counts: claims as intervals, cases that gather them, and files of a user's claims."""
