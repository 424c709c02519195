"""A model that is opened brings what its makers recommend, and a note of it; what the user has
chosen stays."""

from __future__ import annotations

from studio.core.messages import Ready
from studio.core.settings import Defaults
from studio.core.sizes import Size, Sizes
from studio.diffusion.samplers import all_samplers
from studio.ui.preferences import Preferences
from studio.ui.session import Session
from tests.app.conftest import Stage

FLUX, SCHNELL = Defaults("flow-euler", 28, 3.5), Defaults("flow-euler", 4, 1.0)


def opened(stage: Stage, defaults: Defaults) -> None:
    model = stage.window.shared.session.model.get()
    sizes = Sizes(Size.square(256))
    stage.bridge.arrived.emit(Ready(0, model, "CPU", "float32", 0.5, sizes, defaults=defaults))


def now(stage: Stage) -> tuple[str, int, float]:
    session = stage.window.shared.session
    return session.sampler.get(), session.steps.get(), session.guidance.get()


def test_it_is_set_and_said(stage: Stage) -> None:
    usual = now(stage)
    assert stage.panel.banner.isHidden()  # the studio's own model changes nothing
    opened(stage, FLUX)
    assert now(stage) == ("flow-euler", 28, 3.5)
    assert not stage.panel.banner.isHidden() and stage.panel.banner.kind == "note"
    assert "Flow, Euler, 28 steps, guidance 3.5" in stage.panel.banner.text.text()
    opened(stage, SCHNELL)
    assert now(stage) == ("flow-euler", 4, 1.0)
    stage.window.shared.session.sampler.set("ddim")
    assert now(stage) == ("ddim", 4, 1.0)  # it knows but a few steps
    stage.window.shared.session.sampler.set("flow-euler")
    opened(stage, Defaults())
    assert now(stage) == usual


def test_the_next_start_s_model_is_the_studio_s_own_and_so_are_its_settings(stage: Stage) -> None:
    usual = now(stage)
    opened(stage, SCHNELL)
    stage.window.shared.session.guidance.set(2.5)
    stage.window.close()
    again = Session(all_samplers())
    Preferences(stage.store).restore(again)
    assert (again.sampler.get(), again.steps.get(), again.guidance.get()) == (*usual[:2], 2.5)


def test_what_the_user_has_chosen_stays(stage: Stage) -> None:
    session = stage.window.shared.session
    session.guidance.set(6.0)
    session.steps.set(33)
    opened(stage, FLUX)
    assert now(stage) == ("flow-euler", 33, 6.0)
    assert stage.panel.banner.text.text().endswith("recommend: Flow, Euler.")
    session.sampler.set("ddim")
    opened(stage, SCHNELL)
    assert now(stage) == ("ddim", 33, 6.0)
    stage.panel.banner.clear()
    opened(stage, SCHNELL)
    assert stage.panel.banner.isHidden()
