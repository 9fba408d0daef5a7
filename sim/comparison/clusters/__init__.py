"""What a run shows of its clusters of accounts."""
