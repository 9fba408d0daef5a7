"""Formats of pictures: those there are, and those that are written unless others are asked for."""

ALL_FORMATS = ("png", "svg", "pdf")
DEFAULT_FORMATS = ("png", "svg")
