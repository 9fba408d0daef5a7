"""Columns, ragged arrays and units of time, which every other folder uses."""
