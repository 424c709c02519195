"""The picture that is looked at: its facts and tools, and how it came out of the noise."""
