"""Any valid settings. Fields that this file does not know keep their defaults."""

from __future__ import annotations

from hypothesis import strategies as st

from studio.core.settings import (
    MAX_CLASSIFIER,
    MAX_CLIP_SKIP,
    MAX_GUIDANCE,
    MAX_SEED,
    MAX_STEPS,
    SHIFTS,
    Settings,
)
from studio.core.sizes import Size

unicode = st.text(st.characters(), max_size=60)  # with half surrogate pairs and NUL
option = st.tuples(unicode, st.booleans() | st.integers() | st.floats(-9, 9) | unicode)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)


@st.composite
def some_settings(draw: st.DrawFn) -> Settings:
    source = draw(st.just("") | digests)
    return Settings(
        prompt=draw(unicode),
        negative=draw(unicode),
        model=draw(unicode),
        sampler=draw(unicode),
        steps=draw(st.integers(1, MAX_STEPS)),
        guidance=draw(st.floats(0, MAX_GUIDANCE)),
        guidance_interval=draw(st.tuples(st.floats(0, 0.5), st.floats(0.5, 1, exclude_min=True))),
        seed=draw(st.integers(0, MAX_SEED)),
        size=draw(st.builds(Size, st.integers(1, 4096), st.integers(1, 4096))),
        options=tuple(draw(st.lists(option, max_size=3))),
        schedule=draw(unicode),
        shift=draw(st.floats(*SHIFTS)),
        rule=draw(unicode),
        rule_options=tuple(draw(st.lists(option, max_size=3))),
        classifier=draw(unicode),
        classifier_scale=draw(st.floats(0, MAX_CLASSIFIER)),
        source=source,
        mask=draw(digests) if source and draw(st.booleans()) else "",
        strength=draw(st.floats(0, 1, exclude_min=True)),
        variation=draw(st.floats(0, 1)),
        variation_seed=draw(st.integers(0, MAX_SEED)),
        clip_skip=draw(st.integers(1, MAX_CLIP_SKIP)),
        cache=draw(st.floats(0, 1)),
    )
