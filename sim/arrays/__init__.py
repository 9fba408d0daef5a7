"""Columns and ragged arrays that every room uses."""
