"""Numbers of a finished run, as its report shows them: each is small, however large the run is."""
