"""What is shown before the first comparison: what this place is for, and ways to begin."""

from __future__ import annotations

from studio.ui.session import Session
from studio.ui.widgets.welcome import Example, Welcome
from studio.ui.workspaces.compare.axes import presets

EXAMPLES = {
    "families": ("Three families draw a snowman", "a snowman"),
    "steps": ("A rocket in 5, 10, 20 and 40 steps", "a rocket"),
    "guidance": ("A red apple, guided ever more strongly", "a red apple on a blue background"),
}


def welcome(session: Session) -> Welcome:
    """Its examples begin with a grid and a prompt."""
    examples = []
    for preset in presets(session):
        text, prompt = EXAMPLES[preset.id]
        name = f"compareExample-{preset.id}"
        examples.append([Example(name, text, preset.tip, (preset.grid, prompt))])
    hint = "Choose what to compare and press Ctrl+Enter, or start with one of these."
    return Welcome("compareWelcome", "From the same noise, side by side", hint, examples)
