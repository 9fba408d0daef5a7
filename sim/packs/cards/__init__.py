"""What explains a pack: the card, the machine-readable description and the datasheet."""
