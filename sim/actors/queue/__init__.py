"""Work that is waiting: benchmark runs and lists of prompts, done by workers."""
