"""The Compare workspace: one noise, many settings, side by side."""
