"""Tests of the features of packs."""
