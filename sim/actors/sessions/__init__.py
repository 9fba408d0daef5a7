"""Accounts that come and go in sessions."""
