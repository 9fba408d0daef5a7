"""From a trace to what a scenario takes: dials of an agent, or a library of its calls."""
