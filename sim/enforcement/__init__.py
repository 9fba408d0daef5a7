"""What the provider does about the accounts of an actor, and how their operator reacts."""
