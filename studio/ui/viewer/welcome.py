"""What the empty canvas says: one line, and prompts to begin with."""

from __future__ import annotations

from studio.ui.widgets.welcome import Example, Welcome

PROMPTS = (  # rows: the widest fits the smallest window
    ("a teddy bear", "a red apple on a blue background"),
    ("a slice of pizza", "a rocket", "a penguin"),
    ("a snowman", "a purple octopus, 3d"),
)


def welcome() -> Welcome:
    """Its examples begin with a prompt."""
    hint = "Describe it and press Ctrl+Enter, or start with one of these."
    rows = [[_example(prompt) for prompt in row] for row in PROMPTS]
    return Welcome("welcome", "What would you like to see?", hint, rows)


def _example(prompt: str) -> Example:
    name = f"example-{prompt.replace(' ', '-')}"
    return Example(name, prompt, f"Make a picture of “{prompt}”", prompt)
