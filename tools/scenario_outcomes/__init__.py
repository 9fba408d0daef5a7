"""Run shipped scenarios, and write what is measured into the comment at the head of each file."""
