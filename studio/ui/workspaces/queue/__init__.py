"""The queue: what waits, lists of prompts, and what is kept for the next start."""
