"""A file goes into memory once: tensor by tensor into its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

from tests.models.families.pipelines import saved
from tests.models.single_file.files import configured, edited, whole

MOST = 1.15  # times the weights
MEASURE = """
import re, sys
from pathlib import Path
from studio.models.registry import open_model

def told(word):
    return int(re.search(word + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

open_model(sys.argv[1], precision=sys.argv[3])  # what is imported late is here now
Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
before = told("VmRSS")
model = open_model(sys.argv[2], precision=sys.argv[3])
networks = [*model.adapter.networks.values(), model.autoencoder]
held = sum(p.nbytes for n in networks if hasattr(n, "parameters") for p in n.parameters())
print(held, told("VmHWM") - before)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small one and one of a large U-Net, in fp16."""
    place = tmp_path_factory.mktemp("files")
    pipeline, small, large = saved("sd1", place / "sd1"), place / "small", place / "large"
    for stem in (small, large):
        if stem == large:
            wide = {"block_out_channels": [256, 512], "layers_per_block": 2}
            with torch.device("meta"):  # drawing numbers would take most of the time
                unet = UNet2DConditionModel.from_config(dict(pipeline.unet.config) | wide)
            pipeline.unet = unet.to_empty(device="cpu")
            for parameter in unet.parameters():
                parameter.data.fill_(0.01)
        configured(place / "sd1", stem)
        state = {name: tensor.half() for name, tensor in whole(pipeline).items()}
        save_file(state, stem.with_suffix(".safetensors"), {"format": "pt"})
    edited(large / "unet" / "config.json", **wide)
    return small.with_suffix(".safetensors"), large.with_suffix(".safetensors")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_peak_is_little_more_than_the_weights(files: tuple[Path, Path], precision: str) -> None:
    """Converted on the way."""
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, files), precision],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    held, peak = map(int, ran.stdout.split()[-2:])
    assert held > 2**26 and 0.5 * held < peak <= MOST * held
