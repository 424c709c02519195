"""The contact sheet's fixed prompts: everyday things, chosen before any picture was seen.

Several groups, hard ones among them; no prompt was taken out because it came out badly.
"""

from __future__ import annotations

PROMPTS = (
    "a teddy bear",
    "a red apple",
    "a cat face",
    "a dog face",
    "a house",
    "a rocket",
    "a slice of pizza",
    "an umbrella",
    "a guitar",
    "the sun",
    "a red heart",
    "a tree",
    "a car",
    "a hamburger",
    "a rose",
    "a crab",
    "a snowman",
    "a key",
    "a wrapped gift",
    "a lion",
    "a grinning face",
    "a robot",
    "an ice cream",
    "a balloon",
)
