"""How far accounts can be told apart: features of accounts, scores of relations, and a study."""
