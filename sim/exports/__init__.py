"""Runs in the formats that other tools read: traces of requests, spans, log rows, graphs."""
