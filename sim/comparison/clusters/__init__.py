"""Clusters of accounts in finished runs: what can be laid beside a reported one."""
