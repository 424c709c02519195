"""What the column's controls mean: the ends of a walk, its ways in words, what it will cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from studio.core.errors import UsageError
from studio.core.settings import MAX_SEED
from studio.core.specs import SamplerSpec
from studio.core.walks import End, Frame, Inverted, Spaced, Walk
from studio.ui.session import Session

if TYPE_CHECKING:
    from studio.ui.workspaces.interpolate.ends import EndCard


def ends_of(session: Session, cards: Sequence[EndCard], drawn: int) -> tuple[End, ...]:
    """The ends as the cards have them; an empty prompt or seed is the first end's, whose own is
    `drawn`. Raises UsageError."""
    base = replace(
        session.settings(), source="", mask="", strength=1.0, variation=0.0, variation_seed=0
    )
    first = cards[0].prompt.toPlainText().strip()
    begun = None if cards[0].is_picture else cards[0].seed.value()
    ends = []
    for card in cards:
        picture, own = None, card.seed.value()
        if card.is_picture:
            if card.start is None:
                title = card.title.text()
                raise UsageError(f"{title} has no picture yet; drop one there, or choose Prompt.")
            picture, own = card.start.inputs.source, None
        seed = next((each for each in (own, begun) if each is not None), drawn)
        settings = replace(base, prompt=card.prompt.toPlainText().strip() or first, seed=seed)
        ends.append(End(settings, picture))
    if all(end.picture is None for end in ends) and len({end.settings for end in ends}) == 1:
        raise UsageError("all ends are the same: change a prompt or a seed.")
    return tuple(ends)


def expected(walk: Walk, samplers: Mapping[str, SamplerSpec]) -> str:
    """How many frames, and about how many evaluations of the network; a sampler that chooses its
    steps itself cannot say."""
    settings = walk.ends[0].settings
    words = f"{walk.columns} frames" if walk.rows == 1 else f"{walk.columns} × {walk.rows} frames"
    each = samplers[settings.sampler].evaluations(settings)
    return f"{words} · about {walk.runs * each:,} NFE" if each else words


def becomes(noise: bool, spec: SamplerSpec) -> tuple[str, str]:
    """How a picture becomes a point of the walk: in few words, and a tooltip."""
    if not noise:
        return (
            "Encoded, then decoded.",
            "A walk through latents needs no noise: the autoencoder's latents are the end.",
        )
    return f"Inverted to its noise{_by(spec)}.", _why(spec)


def came_back(back: Inverted, spec: SamplerSpec) -> tuple[str, str]:
    """How well an inverted picture came back: in few words, and a tooltip."""
    words = f"Returned at {back.psnr:.1f} dB ({back.latent_psnr:.1f} dB in latents), inverted"
    return (
        f"{words}{_by(spec)}.",
        f"PSNR against what the autoencoder alone makes of the picture. {_why(spec)}",
    )


def caption(walk: Walk) -> str:
    """Which way a walk goes, below its frames."""
    mixed = "spherical" if walk.noise == "slerp" else "straight"
    if walk.way == "latent":
        return f"Walk through latents, {mixed}"
    kept = "length kept" if walk.conditioning == "normalised" else "straight"
    same = len({(end.settings.prompt, end.settings.negative) for end in walk.ends}) == 1
    return f"Walk: noise {mixed}" + ("" if same else f", prompts {kept}")


def facts(frame: Frame, shape: tuple[int, int], exact: bool) -> str:
    """Which frame is shown, where it lies, what it cost; `exact`: the one that was asked for.
    `shape` is (rows, columns)."""
    rows, columns = shape
    row, column = divmod(frame.index, columns)
    u, v = frame.place
    if rows == 1:
        words = [f"Frame {frame.index + 1} of {columns}", f"{u:.0%} of the way"]
    else:
        words = [f"Row {row + 1}, column {column + 1}", f"{u:.0%} across, {v:.0%} down"]
    if not exact:
        words[0] += " (the nearest finished one)"
    if frame.nfe:
        words.append(f"{frame.nfe} NFE")
    return " · ".join((*words, f"{frame.seconds:.2f} s"))


def evenness(spacings: Sequence[Spaced]) -> str:
    """How even the speed of a strip is, before and after its frames were moved; by what, and why
    if not by LPIPS."""
    if not spacings:
        return ""
    uneven = " → ".join(f"{each.unevenness:.2f}" for each in spacings)
    words = f"Speed by {spacings[-1].judge}: uneven by {uneven} (0 is constant)"
    if spacings[-1].judge != "LPIPS":
        words += ". LPIPS's weights are not on this machine; pixels judge instead"
    return f"{words}."


def _by(spec: SamplerSpec) -> str:
    return f" by {spec.label} itself" if spec.invertible else " by Heun's method"


def _why(spec: SamplerSpec) -> str:
    if spec.invertible:
        return "Every step of the sampler is undone. Less guidance and more steps get closer."
    return (
        f"{spec.label} draws noise or remembers steps and cannot be inverted itself; a"
        " deterministic one-step sampler gets closer."
    )


def seeds(value: object) -> list[int | None]:
    """The seeds of a remembered list, None for an empty line."""
    if not isinstance(value, list):
        return []
    return [each if type(each) is int and 0 <= each <= MAX_SEED else None for each in value]
