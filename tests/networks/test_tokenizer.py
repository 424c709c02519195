"""What of a text is read, and what is cut."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import ModelError
from studio.core.installation import bundled
from studio.core.prompts import escaped, one_phrase
from studio.networks.tokenizer import LENGTH, Tokenizer, tokenizer_at


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(bundled("studio-256") / "text" / "tokenizer.json")


def test_a_file_is_read_once_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(ModelError):
        tokenizer_at(path)
    path.write_bytes((bundled("studio-256") / "text" / "tokenizer.json").read_bytes())
    first = tokenizer_at(path)
    assert tokenizer_at(path) is first
    os.utime(path, (1, 1))
    assert tokenizer_at(path) is not first


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


def test_tokens_know_where_they_were_typed_and_which_are_cut(tokenizer: Tokenizer) -> None:
    prompt = "a (sunflowerish:1.3), " + "red " * 40
    counted = tokenizer.counted(one_phrase(prompt))
    assert counted.limit == LENGTH
    assert counted.count == len(counted.tokens) + 2
    assert sum(token.read for token in counted.tokens) == LENGTH - 2
    for token in counted.tokens:
        assert prompt[token.start : token.end] == token.text
        assert token.weight == (
            1.3 if token.text in "sunflowerish" and token.start < 16 and token.start > 2 else 1.0
        )
    assert counted.cut[0][0] == counted.tokens[LENGTH - 2].start
    assert prompt[counted.cut[0][0] :].split() == ["red"] * len(counted.cut)


def test_words_have_all_their_tokens(tokenizer: Tokenizer) -> None:
    words = tokenizer.words(one_phrase("a (sunflowerish:1.3), bear"))
    assert [word.text for word in words] == ["a", "sunflowerish", "bear"]
    assert len(words[1].numbers) > 1
    assert (words[1].start, words[1].end) == (3, 15)
    assert len({number for word in words for number in word.numbers}) == sum(
        len(word.numbers) for word in words
    )


@given(st.text(max_size=300))
def test_any_text_is_counted(tokenizer: Tokenizer, text: str) -> None:
    phrase = one_phrase(escaped(text))
    counted = tokenizer.counted(phrase)
    assert all(token.text for token in counted.tokens)
    assert bool(counted.cut) <= (counted.count > LENGTH)
    assert tokenizer.weights(phrase) == [1.0] * tokenizer.length(text)
