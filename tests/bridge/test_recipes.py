"""What the window knows of the recipes is what their files say."""

from __future__ import annotations

import tomllib

from studio.bridge.recipes import autoencoder_recipes
from studio.training.recipe import RECIPES


def test_every_recipe_of_the_zoo_is_listed_as_its_file_says() -> None:
    found = {each.name: each for each in autoencoder_recipes()}
    files = {path.stem for path in RECIPES.glob("vae-*.toml")} | {"ae"}
    assert set(found) == files
    for name, each in found.items():
        text = (RECIPES / f"{name}.toml").read_text(encoding="utf-8")
        document = tomllib.loads(text)
        settings = document["settings"]
        for term in ("reconstruction", "kl", "perceptual", "adversarial", "norm", "size"):
            assert getattr(each, term) == settings[term], (name, term)
        assert each.variational == document["network"].get("variational", True)
        assert each.summary and "#" not in each.summary and "task" not in each.summary


def test_the_zoo_differs_in_its_loss_alone() -> None:
    """Same network, budget and data, but for what the story itself changes."""
    documents = {
        each.name: tomllib.loads((RECIPES / f"{each.name}.toml").read_text(encoding="utf-8"))
        for each in autoencoder_recipes()
    }
    same = [
        {part: {k: v for k, v in document[part].items() if k not in ("variational", "upsampling")}
         for part in ("run", "optimizer", "network", "data")}
        for document in documents.values()
    ]  # fmt: skip
    assert all(each == same[0] for each in same)
    changed = {name for name, each in documents.items() if "upsampling" in each["network"]}
    assert changed == {"vae-checkerboard"}
