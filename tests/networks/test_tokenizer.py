"""What of a text is read, and what is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.installation import bundled
from studio.networks.tokenizer import LENGTH, Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(bundled("studio-256") / "text" / "tokenizer.json")


def test_the_end_that_is_cut(tokenizer: Tokenizer) -> None:
    words = [f"{'red' if n % 2 else 'cat'}" for n in range(LENGTH + 10)]
    read, unread = words[: LENGTH - 2], words[LENGTH - 2 :]  # a mark at the beginning and the end
    assert tokenizer.unread(" ".join(words)) == " ".join(unread)
    assert tokenizer.unread(" ".join(read)) == tokenizer.unread("") == ""


@given(st.text(max_size=300))
def test_any_text_is_read_up_to_what_is_cut(tokenizer: Tokenizer, text: str) -> None:
    rest = tokenizer.unread(text)
    assert bool(rest) <= (tokenizer.length(text) == LENGTH)
    assert rest in text.encode("utf-8", "replace").decode()
