"""What the empty canvas says: one line, and prompts to begin with."""

from __future__ import annotations

from studio.ui.widgets.welcome import Example, Welcome

HINT = "Describe it and press Ctrl+Enter, or start with one of these."
PROMPTS = (  # rows: the widest fits the smallest window
    ("a teddy bear", "a red apple on a blue background"),
    ("a slice of pizza", "a rocket", "a penguin"),
    ("a snowman", "a purple octopus, 3d"),
)


def welcome() -> Welcome:
    """Its examples begin with a prompt."""
    rows = [
        [Example(f"example-{p.replace(' ', '-')}", p, f"Make a picture of “{p}”", p) for p in row]
        for row in PROMPTS
    ]
    return Welcome("welcome", "What would you like to see?", HINT, rows)
