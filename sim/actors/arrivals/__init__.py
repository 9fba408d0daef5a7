"""When accounts open sessions."""
