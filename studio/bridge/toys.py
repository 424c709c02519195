"""Which trained toy networks there are: for the window, which does not look into models/."""

from __future__ import annotations

from studio.models.toys import toy_sources

__all__ = ["toy_sources"]
