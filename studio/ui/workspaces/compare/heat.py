"""A heat map's colours, which the sheets share. Must not import widgets."""

from studio.gallery.heat import COLOURS, heat_map

__all__ = ["COLOURS", "heat_map"]
