"""A prompt's tokens without its model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from studio.bridge.bridge import EngineBridge
from studio.core.errors import ModelError
from studio.models.tokens import tokens_of


def test_each_text_that_is_read_is_counted() -> None:
    found = tokens_of("a (cat AND [a dog:two mice:0.5]", "studio-256")
    texts = ["".join(token.text for token in each.tokens) for each in found.counted]
    assert texts == ["a(cat", "adog", "twomice"]
    assert [each.count for each in found.counted] == [5, 4, 4]
    assert found.unmatched == (2,)


def test_the_bridge_answers_at_once() -> None:
    bridge = EngineBridge()
    tokens = bridge.tokens_of("a red bear", "studio-256")
    bridge.close()
    assert [token.text for token in tokens.counted[0].tokens] == ["a", "red", "bear"]


def test_what_reads_no_prompts_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="reads no prompts"):
        tokens_of("a", "studio-256/autoencoder")


def test_the_window_needs_no_torch_for_it() -> None:
    code = (
        "import sys; from studio.bridge.bridge import EngineBridge;"
        "EngineBridge().tokens_of('a', 'studio-256'); print('torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
