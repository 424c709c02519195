"""The contact sheets' fixed prompts: everyday things, chosen before any picture was seen.

Several groups, hard ones among them; no prompt was taken out because it came out badly.
"""

from __future__ import annotations

PROMPTS = (
    "a teddy bear", "a red apple", "a cat face", "a dog face", "a house", "a rocket",
    "a slice of pizza", "an umbrella", "a guitar", "the sun", "a red heart", "a tree", "a car",
    "a hamburger", "a rose", "a crab", "a snowman", "a key", "a wrapped gift", "a lion",
    "a grinning face", "a robot", "an ice cream", "a balloon",
)  # fmt: skip
PAIR_PROMPTS = (
    "a cat to the left of a dog", "a dog to the left of a cat", "a tree to the right of a house",
    "a pizza next to a hamburger", "a banana and a red apple", "a guitar with a drum",
    "the sun above a house", "a fish below a boat", "a red car and a blue umbrella",
    "a book in front of a teddy bear", "a rabbit behind a carrot", "a cat on top of a car",
    "a teddy bear reading a book", "a monkey holding a banana", "a dog wearing a top hat",
    "a frog wearing sunglasses", "a key between a heart and a star", "a lion, a tiger and a bear",
    "three stars", "two teddy bears", "a big dog and a small cat",
    "a small house in the top left corner", "a rocket next to the moon, flat",
    "a teddy bear, flat",
)  # fmt: skip
