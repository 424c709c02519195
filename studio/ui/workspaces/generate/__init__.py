"""The Generate workspace: a prompt, its settings, the picture."""
