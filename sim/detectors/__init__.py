"""Reference detectors, and how well a score finds what is sought."""
