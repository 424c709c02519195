"""A model as the card sees it: a batch of prompts is its pictures one by one, as the engine's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from studio.core.generating import Generate, Picture
from studio.core.settings import Settings
from studio.engine.generate import generate
from studio.models.model import Model
from studio.models.registry import open_autoencoder, open_model
from studio.report.subject import reconstructor, subject_of
from tests import tiny

SETTINGS = Settings("", sampler="flow-heun", steps=3, guidance=3.0, size=tiny.SIZE)
PROMPTS, SEEDS = ["a teddy bear", "two red apple", "a bear"], [5, 2**40, 7]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bundle(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def model(bundle: Path) -> Model:
    return open_model(str(bundle))


def close(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((np.abs(a.astype(int) - b.astype(int)) <= 1).all())


def test_a_batch_of_prompts_is_each_prompt_alone(model: Model) -> None:
    make = subject_of(model, None, SETTINGS).generate
    together = make(PROMPTS, SEEDS)
    assert together.shape == (3, tiny.SIDE, tiny.SIDE, 3)
    assert together.dtype == np.uint8
    for i in range(3):
        assert close(together[i], make([PROMPTS[i]], [SEEDS[i]])[0])
    assert not close(make(["a bear"], [5]), make(["a teddy bear"], [5]))
    assert not close(make(["a bear"], [5]), make(["a bear"], [6]))


def test_pictures_are_those_that_the_engine_makes(model: Model) -> None:
    settings = Settings(PROMPTS[0], sampler="flow-heun", steps=3, guidance=3.0, size=tiny.SIZE,
                        seed=5)  # fmt: skip
    (made,) = [e for e in generate(model, Generate(settings)) if isinstance(e, Picture)]
    found = subject_of(model, None, SETTINGS).generate(PROMPTS[:1], SEEDS[:1])
    assert close(found[0], made.image)


def test_reconstruction_is_the_decoded_mean(bundle: Path) -> None:
    autoencoder = open_autoencoder(str(bundle))
    pictures = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype(np.uint8)
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        decoded = autoencoder.decode(autoencoder.encode(x).mean).clamp(-1, 1)
    expected = (decoded.permute(0, 2, 3, 1).numpy() + 1) * 127.5
    assert np.abs(reconstructor(autoencoder)(pictures) - expected).max() <= 0.51


def test_the_name_says_how(model: Model) -> None:
    subject = subject_of(model, None, SETTINGS)
    assert subject.name == "tiny (flow-heun, 3 steps, guidance 3)"
    assert subject.reconstruct is None


def test_how_well_a_prompt_explains_a_picture(bundle: Path, model: Model) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype(np.uint8)
    explains = subject_of(model, open_autoencoder(str(bundle)), SETTINGS).explains
    assert explains is not None
    errors = explains(pictures)(PROMPTS[:2], [1, 2])
    assert errors.shape == (2,)
    assert (errors > 0).all()
    alone = explains(pictures[1:])(PROMPTS[1:2], [2])
    np.testing.assert_allclose(errors[1:], alone, rtol=1e-4)
    assert (explains(pictures)(PROMPTS[1:], [1, 2]) != errors).all()
    assert (explains(pictures)(PROMPTS[:2], [3, 4]) != errors).all()
