"""Audits of labelled data: whether anything but behaviour tells the label."""
