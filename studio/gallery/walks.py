"""Frames of a walk as PNG files that say where on which walk they lie."""

from __future__ import annotations

from pathlib import Path

from studio.core.generating import digest
from studio.core.walks import End, Frame, Walk
from studio.gallery import png


def nearest_end(walk: Walk, place: tuple[float, float]) -> End:
    """The end that is nearest to a place (u, v)."""
    u, v = place
    return walk.ends[round(u) + (2 * round(v) if len(walk.ends) == 4 else 0)]


def write_frame(path: Path, frame: Frame, walk: Walk) -> Path:
    """Writes a frame to `path`. Its settings are those of the nearest end; all ends and the place
    between them are beside them. Raises OutputError."""
    between = {
        "ends": [
            {"settings": end.settings.stored()}
            | ({} if end.picture is None else {"picture": digest(end.picture)})
            for end in walk.ends
        ],
        "place": list(frame.place),
        "way": walk.way,
        "noise": walk.noise,
        "conditioning": walk.conditioning,
    }
    settings = nearest_end(walk, frame.place).settings
    png.write(path, frame.image, settings, frame.nfe, frame.seconds, walk=between)
    return path
