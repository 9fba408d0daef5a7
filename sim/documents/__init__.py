"""Files that people write: strict YAML with places, problems, quantities, overrides."""
