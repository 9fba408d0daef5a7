"""Explanations of a count and their priors."""
