"""A file goes into memory once: tensor by tensor into its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
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
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "small.safetensors"), str(path), precision],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    held, peak = map(int, ran.stdout.split()[-2:])
    assert held > 2**26 and 0.5 * held < peak <= MOST * held
