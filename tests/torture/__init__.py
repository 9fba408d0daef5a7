"""What takes too long for the tests: many random inputs, damages and interruptions."""
