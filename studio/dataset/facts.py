"""What of a scene a judge can check."""

from __future__ import annotations

from dataclasses import dataclass

from studio.dataset.scenes import Scene

OFF_CENTRE = 0.09  # a lone object further off than this has a place worth a word


@dataclass(frozen=True)
class Facts:
    """What a composition judge checks. `ground` is None where it is graded; `side` is where the
    first object is with respect to the second; `place` is a lone object's region, or None."""

    ground: str | None
    count: int
    side: str | None
    place: str | None


def facts(scene: Scene) -> Facts:
    plain = scene.ground.kind == "plain"
    return Facts(
        scene.ground.colours[0] if plain else None, scene.count, scene.relation, _place(scene)
    )


def _place(scene: Scene) -> str | None:
    if len(scene.objects) > 1:
        return None
    thing = scene.objects[0]
    column = "left" if thing.x < 0.5 - OFF_CENTRE else "right" if thing.x > 0.5 + OFF_CENTRE else ""
    row = "top" if thing.y < 0.5 - OFF_CENTRE else "bottom" if thing.y > 0.5 + OFF_CENTRE else ""
    return f"{row} {column}".strip() or None
