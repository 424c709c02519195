"""Which trained toy networks there are: for the window, which does not look into models/."""

from studio.models.toys import toy_sources

__all__ = ["toy_sources"]
