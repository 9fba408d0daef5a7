"""Which part of a pack is learned from and which is asked, by scheme."""
