"""Packs: data sets with labels, made from recipes."""
