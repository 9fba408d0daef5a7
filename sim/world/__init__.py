"""The provider: models and their speed, the prompt cache, prices."""
