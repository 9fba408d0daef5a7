"""Shards, clock, ordered merge: from a resolved scenario to a finished run on disk."""
