"""A file goes into memory once: tensor by tensor into its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from diffusers import FluxTransformer2DModel, UNet2DConditionModel
from safetensors.torch import save_file

from studio.models.weights import SkipInitialisation
from tests.models.families import flow_pipelines
from tests.models.families.pipelines import saved
from tests.models.single_file.files import configured, edited, whole

MOST = 1.15  # times the weights
MEASURE = """
import re, sys
from pathlib import Path
from studio.models.eight_bits import bytes_held
from studio.models.registry import open_model

def told(word):
    return int(re.search(word + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

open_model(sys.argv[1], precision=sys.argv[3])  # what is imported late is here now
Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
before = told("VmRSS")
model = open_model(sys.argv[2], precision=sys.argv[3])
networks = [*model.adapter.networks.values(), model.autoencoder]
held = sum(bytes_held(n) for n in networks if hasattr(n, "parameters"))
print(held, told("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_peak_is_little_more_than_the_weights(tmp_path: Path, precision: str) -> None:
    """From a file in fp16, which is converted on the way."""
    pipeline = saved("sd1", tmp_path / "sd1")
    config = dict(pipeline.unet.config) | {"block_out_channels": [256, 512], "layers_per_block": 2}
    pipeline.unet = UNet2DConditionModel.from_config(config)
    path = tmp_path / "large.safetensors"
    for file in (tmp_path / "small.safetensors", path):
        configured(tmp_path / "sd1", file.with_suffix(""))
    edited(path.with_suffix("") / "unet" / "config.json", block_out_channels=[256, 512],
           layers_per_block=2)  # fmt: skip
    save_file({n: t.half() for n, t in whole(pipeline).items()}, path, {"format": "pt"})
    small = saved("sd1", tmp_path / "again")
    save_file({n: t.half() for n, t in whole(small).items()}, tmp_path / "small.safetensors")
    held, peak = measured(str(tmp_path / "small.safetensors"), str(path), precision)
    assert held > 2**26 and 0.5 * held < peak <= MOST * held


def measured(small: str, large: str, precision: str) -> tuple[int, int]:
    """The bytes of the large model's weights, and the peak while it is loaded."""
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, small, large, precision],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    held, peak = map(int, ran.stdout.split()[-2:])
    return held, peak


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak")
@pytest.mark.parametrize("kind", ["int8", "fp8"])
def test_the_peak_of_weights_in_eight_bits_follows_the_small_ones(
    tmp_path: Path, kind: str
) -> None:
    """From a folder in bf16 whose denoiser is linear layers but for a little: nearly a half."""
    pytest.importorskip("torchao")
    small, large = tmp_path / "small", tmp_path / "large"
    pipeline = flow_pipelines.saved("flux-dev", small)
    config = dict(pipeline.transformer.config)
    config |= {"num_layers": 4, "num_attention_heads": 24, "num_single_layers": 100}
    with SkipInitialisation():
        pipeline.transformer = FluxTransformer2DModel.from_config(config)
    for each in pipeline.transformer.parameters():
        each.data = torch.full_like(each, 0.1, dtype=torch.bfloat16)
    pipeline.save_pretrained(large)
    held, peak = measured(*(f"{each}|weights={kind}" for each in (small, large)), "float32")
    stored = sum(each.stat().st_size for each in large.glob("transformer/*.safetensors"))
    assert held > 2**27 and stored > 1.9 * held and 0.5 * held < peak <= MOST * held
