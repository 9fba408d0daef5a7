"""The provider: conditions by time, failures, limits, prompt cache, and what becomes of calls."""
