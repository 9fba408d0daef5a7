"""Hard trials of the whole command: `python -m tests.torture PART`, one file a part."""
