"""What a bundle may have beyond its parts: a weak denoiser and a noise-aware classifier."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from studio.core.errors import ModelError, UsageError
from studio.core.generating import Generate
from studio.core.settings import Settings
from studio.engine.generate import generate
from studio.models.latent_diffusion import LatentDiffusion
from studio.models.plan import Plan
from studio.models.registry import open_model
from tests import tiny

X = torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.with_extras(tiny.bundle(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def model(folder: Path) -> LatentDiffusion:
    found = open_model(str(folder))
    assert isinstance(found, LatentDiffusion)
    return found


def test_it_says_what_it_has(model: LatentDiffusion, tmp_path: Path) -> None:
    assert model.has == ("weak", "classifier")
    assert model.classes == tiny.CLASSES
    plain = open_model(str(tiny.bundle(tmp_path / "plain")))
    assert plain.has == () and plain.classes == ()
    with pytest.raises(UsageError, match="weaker denoiser"):
        plain.weak_denoiser(None)
    with pytest.raises(UsageError, match="no classifier"):
        plain.log_probability("fox")


def test_autoguidance_goes_on_from_the_weak_denoiser(model: LatentDiffusion) -> None:
    with torch.inference_mode():
        condition = model.condition(["a bear"] * 2)
        strong, weak = (
            d(X, 0.5, 0.5) for d in (model.denoiser(condition), model.weak_denoiser(condition))
        )
        settings = Settings("a bear", guidance=2.5, rule="autoguidance")
        made = Plan.of(settings).guided(model, 2)(X, 0.5, 0.5)
    expected = weak.epsilon + 2.5 * (strong.epsilon - weak.epsilon)
    torch.testing.assert_close(made.epsilon, expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(strong.epsilon, weak.epsilon)


def test_the_classifier_is_asked_on_the_flow_of_equal_noise(model: LatentDiffusion) -> None:
    classifier = model.networks.classifier
    assert classifier is not None
    alpha, sigma = 0.6, 0.8  # of a variance-preserving path
    with torch.no_grad():
        t = torch.full((2,), sigma / (alpha + sigma))
        expected = classifier(X / (alpha + sigma), t).log_softmax(-1)[:, 2]
        actual = model.log_probability("Fox")(X, alpha, sigma)
    torch.testing.assert_close(actual, expected)


def test_class_names_are_found_whatever_their_case_or_refused_with_a_hint(
    model: LatentDiffusion,
) -> None:
    model.log_probability("apple")
    with pytest.raises(UsageError, match="teddy bear"):
        model.log_probability("teddy beer")


def test_the_class_changes_the_picture_alone_and_beside_a_prompt(model: LatentDiffusion) -> None:
    """Through the engine's loop: under inference mode, with the gradient."""

    def picture(prompt: str, scale: float, label: str = "fox") -> np.ndarray:
        settings = Settings(
            prompt, sampler="flow-euler", steps=4, size=tiny.SIZE, classifier=label,
            classifier_scale=scale, guidance=0.0 if not prompt else 3.0,
        )  # fmt: skip
        *_, last = generate(model, Generate(settings, preview_every=0))
        return last.image.astype(int)  # type: ignore[union-attr]

    for prompt in ("", "a bear"):
        assert not np.array_equal(picture(prompt, 0.0), picture(prompt, 20.0))
        assert not np.array_equal(picture(prompt, 20.0), picture(prompt, 20.0, "apple"))


def test_a_classifier_must_name_its_classes(folder: Path, tmp_path: Path) -> None:
    broken = tiny.with_extras(tiny.bundle(tmp_path / "broken"))
    manifest = broken / "classifier" / "model.json"
    document = json.loads(manifest.read_text())
    document["classes"] = ["one"]
    manifest.write_text(json.dumps(document))
    with pytest.raises(ModelError, match="does not name its 3 classes"):
        open_model(str(broken))
