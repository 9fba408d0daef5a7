"""Every table of a run in one place: schema, writing, reading, manifest."""
