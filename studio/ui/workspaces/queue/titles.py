"""What a job is, in a few words."""

from __future__ import annotations

from collections.abc import Mapping

from studio.core.autoencoding import Probe, Reconstruct
from studio.core.comparing import Compare
from studio.core.generating import Decode, Generate
from studio.core.laboratory import Lab
from studio.core.language import Describe
from studio.core.learning import Train
from studio.core.messages import LoadModel, Request
from studio.core.walks import Walk
from studio.core.word_maps import MapWords
from studio.core.wording import many


def title(request: Request) -> str:
    """One line: what is made, of what."""
    match request:
        case Generate(settings=settings, count=count):
            return _pictures(count, "picture", settings.prompt)
        case Compare(cells=cells):
            return _pictures(len(cells), "cell", cells[0].prompt)
        case Walk(ends=ends, columns=columns, rows=rows):
            between = " to ".join(dict.fromkeys(end.settings.prompt for end in ends if end))
            return _pictures(columns * rows, "frame", between)
        case Lab(distribution=distribution, settings=settings):
            return f"Laboratory: {distribution}, {settings.sampler}"
        case Reconstruct(autoencoders=names):
            return f"Reconstruct with {', '.join(names)}"
        case Probe(probe=probe, autoencoder=name):
            return f"Inside the latent of {name}: {probe}"
        case MapWords(settings=settings):
            return f"What each word did: {settings.prompt}"
        case Describe():
            return "Describe a picture"
        case Train(recipe=recipe):
            return f"Train {recipe}"
        case LoadModel(model=model) | Decode(model=model):
            return f"Decode with {model}"
    return type(request).__name__


def detail(request: Request, samplers: Mapping[str, str]) -> str:
    """What else decides it; `samplers` are their labels by name."""
    match request:
        case Generate(settings=s):
            label = samplers.get(s.sampler, s.sampler)
            words = f"{label} · {s.steps} steps · guidance {s.guidance:g} · seed {s.seed}"
            return f"{words} · from a picture, strength {s.strength:g}" if s.source else words
        case Compare(cells=cells):
            names = dict.fromkeys(cell.sampler for cell in cells)
            return ", ".join(samplers.get(name, name) for name in names)
        case _:
            return ""


def _pictures(count: int, what: str, prompt: str) -> str:
    return f"{prompt or 'No prompt'}  ·  {many(count, what)}"
