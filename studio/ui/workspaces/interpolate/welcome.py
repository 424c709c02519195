"""What is shown before the first walk: what this place is for, and ways to begin."""

from __future__ import annotations

from studio.ui.widgets.welcome import Example, Welcome

Ends = tuple[tuple[str, ...], tuple[int | None, ...]]  # prompts; seeds, where they differ
WALKS: dict[str, tuple[str, Ends]] = {
    "prompts": ("A red apple becomes a green pear", (("A red apple", "A green pear"), ())),
    "seeds": ("One prompt, two seeds", (("A teddy bear", ""), (1, 2))),
    "corners": (
        "Four fruits at four corners",
        (("A red apple", "A green pear", "A yellow lemon", "A bunch of grapes"), ()),
    ),
}
HINT = "Give the ends prompts, seeds or pictures and press Ctrl+Enter, or start with one of these."


def welcome() -> Welcome:
    """Its examples begin with Ends."""
    rows = [
        [Example(f"walkExample-{name}", text, "Make this walk", ends)]
        for name, (text, ends) in WALKS.items()
    ]
    return Welcome("walkWelcome", "From one picture to another", HINT, rows)
