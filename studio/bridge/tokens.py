"""A prompt's tokens, for the window, without torch; the first call reads the tokeniser's file."""

from __future__ import annotations

from studio.models.tokens import tokens_of

__all__ = ["tokens_of"]
