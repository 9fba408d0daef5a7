"""The invariants hold on real runs, and a damaged row is found and named."""
