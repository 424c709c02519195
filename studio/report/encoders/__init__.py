"""Encoders side by side: `evaluate --encoders`, the figures of docs/encoders.md."""
