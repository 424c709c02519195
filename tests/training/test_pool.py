"""Scenes by index, worker processes, and the ring of latents."""

from functools import partial

import numpy as np
import pytest
import torch

from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.models.registry import ASSETS
from studio.networks.autoencoder import Autoencoder, AutoencoderConfig
from studio.networks.tokenizer import LENGTH, Tokenizer
from studio.training.data import Ahead, SceneSource, to_tensor
from studio.training.hardware import Hardware
from studio.training.pool import CHUNK, LatentPool
from studio.training.tasks.denoiser import picture_energy

CPU = torch.device("cpu")
ON = Hardware(CPU)
TINY = AutoencoderConfig(4, (4, 8), (1, 1), (1, 1))


@pytest.fixture(scope="module")
def source() -> SceneSource:
    return SceneSource(Catalogue(), Mix(jitter=0.0), seed=4, size=32, forms=2)


@pytest.fixture
def pool(source: SceneSource) -> LatentPool:
    torch.manual_seed(0)
    tokenizer = Tokenizer(ASSETS / "studio-256" / "text" / "tokenizer.json")
    return LatentPool(source, 2 * CHUNK, Autoencoder(TINY).eval(), tokenizer, ON)


def test_a_scene_is_its_index(source: SceneSource) -> None:
    pictures, captions = source.many(5, 3)
    again, words = source.one(6)
    assert pictures.shape == (3, 32, 32, 3)
    assert np.array_equal(pictures[1], again)
    assert captions[1] == words
    assert len(words) == 2


def test_worker_processes_give_the_same(source: SceneSource) -> None:
    here = Ahead(partial(source.many, count=2), 0)
    there = Ahead(partial(source.many, count=2), 1)
    for step in (0, 2, 4):
        (a, x), (b, y) = here.get(step, 2), there.get(step, 2)
        assert np.array_equal(a, b)
        assert x == y
    there.close()


def test_pictures_become_signed(source: SceneSource) -> None:
    tensor = to_tensor(source.many(0, 2)[0], CPU)
    assert tensor.shape == (2, 3, 32, 32)
    assert -1 <= tensor.min() < tensor.max() <= 1


def test_pool_holds_scenes_and_their_captions(pool: LatentPool, source: SceneSource) -> None:
    pool.enter(2 * CHUNK)
    pictures, captions = source.many(CHUNK, CHUNK)
    with torch.no_grad():
        expected = pool.autoencoder.encode(to_tensor(pictures, CPU)).mean
    torch.testing.assert_close(pool.latents[CHUNK:].float(), expected, atol=2e-3, rtol=1e-3)
    ids, _ = pool.tokenizer([captions[3][1]])
    kept = pool.ids[CHUNK + 3, 1]
    assert kept[kept != 0].tolist() == ids[0].tolist()


def test_new_scenes_enter_over_the_oldest(pool: LatentPool) -> None:
    pool.enter(2 * CHUNK)
    before = pool.latents.clone()
    pool.enter(CHUNK)
    assert not torch.equal(pool.latents[:CHUNK], before[:CHUNK])
    assert torch.equal(pool.latents[CHUNK:], before[CHUNK:])


def test_draws_repeat_with_their_generator(pool: LatentPool) -> None:
    pool.enter(2 * CHUNK)
    a, x = pool.draw(torch.Generator().manual_seed(1), 5)
    b, y = pool.draw(torch.Generator().manual_seed(1), 5)
    assert torch.equal(a, b)
    assert torch.equal(x, y)
    assert a.shape == (5, 4, 8, 8)
    assert x.shape == (5, LENGTH)


def test_picture_energy_is_the_decoders_own() -> None:
    """Of a linear decoder: the squared norm of each channel's patch."""
    torch.manual_seed(1)
    network = Autoencoder(TINY)  # the convolutional path begins silent
    norms = network.unproject.weight.detach().square().sum((1, 2, 3))
    energy = picture_energy(network, torch.randn(64, 4, 8, 8))
    torch.testing.assert_close(energy, norms / norms.sum(), rtol=0.05, atol=0.01)
