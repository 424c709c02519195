"""Which sampler of ours is which scheduler of diffusers, and under which settings."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from tests.parity.harness import Case

OWN = {field.name for field in fields(Case)}


def case(ours: str, theirs: str, frame: str, grid: str = "", **settings: Any) -> Case:
    """A case; keywords that Case does not know are the constructor's of theirs."""
    own = {name: settings.pop(name) for name in tuple(settings) if name in OWN}
    return Case(ours, theirs, tuple(settings.items()), frame, grid=grid, **own)


def every_time(t: float) -> int:
    """SA-Solver's tau where ours is 1: at all timesteps."""
    return 1


DPM, UNIPC = "DPMSolverMultistepScheduler", "UniPCMultistepScheduler"
TRAILING: dict[str, Any] = {"grid": "trailing", "timestep_spacing": "trailing"}
LEADING: dict[str, Any] = {"grid": "leading", "timestep_spacing": "leading"}
KARRAS: dict[str, Any] = {"grid": "Karras", "use_karras_sigmas": True}
FLOW: dict[str, Any] = {
    "frame": "flow",
    "grid": "uniform",
    "use_flow_sigmas": True,
    "prediction_type": "flow_prediction",
    "at_sigma": True,
}
NO_CLIP: dict[str, Any] = {"frame": "vp", "clip_sample": False}

ROUNDED = "theirs rounds the timestep to a whole one; the network is asked at the sigma's own"
LAST_NOISE = (
    "off this grid theirs adds noise after the last step as well: only timestep 0 is spared"
)
PUBLISHED = "ours with the published weight, half of the exact one"
SA = (
    "theirs ends at its smallest sigma, not at clean data, so nothing falls back in order at the "
    "end (lower_order_final=False); a corrector of order 1 is none in ours; their sigmas in "
    "float64, as their coefficients, sums of powers of lambda that cancel, lose digits in float32"
)
EDM: dict[str, Any] = {
    "grid": "Karras",
    "prediction": "v_prediction",
    "prediction_type": "v_prediction",
    "sigma_data": 1.0,
    "sigma_min": 0.02,
    "at_sigma": True,
}
EDM_V = (
    "with sigma_data=1 their preconditioned output is v; the network is asked at the chain's time "
    "of the sigma, not at their c_noise = log(sigma) / 4"
)
WRONG_SIGN = (
    "DPMSolverMultistepScheduler with the sign of one 1/2 in its third-order SDE step mended "
    "(tests/parity/peculiar.py)"
)

CASES = (
    case("ddpm", "DDPMScheduler", variance_type="fixed_small", **NO_CLIP, **TRAILING),
    case(
        "ddpm",
        "DDPMScheduler",
        options=(("variance", "large"),),
        variance_type="fixed_large",
        note=LAST_NOISE,
        **NO_CLIP,
        **LEADING,
    ),
    case("ddim", "DDIMScheduler", set_alpha_to_one=True, **NO_CLIP, **TRAILING),
    case("ddim", "DDIMScheduler", set_alpha_to_one=True, **NO_CLIP, **LEADING),
    case(
        "ddim",
        "DDIMScheduler",
        options=(("eta", 1.0),),
        step_options=(("eta", 1.0),),
        **NO_CLIP,
        **TRAILING,
    ),
    case(
        "ddim",
        "DDIMScheduler",
        prediction="v_prediction",
        prediction_type="v_prediction",
        **NO_CLIP,
        **TRAILING,
    ),
    case("ddim", "EulerDiscreteScheduler", "ve", **KARRAS, note="Euler's step in sigma is DDIM's"),
    case(
        "pndm",
        "PNDMScheduler",
        "vp",
        skip_prk_steps=True,
        set_alpha_to_one=True,
        steps=20,
        note="their warm-up without prk steps, one step by Heun, is our default; in 10 steps the "
        "weights amplify float32's rounding to 1e-5, in float64 they agree to 3e-14",
        **TRAILING,
    ),
    case("dpmpp-2m", DPM, "vp", solver_order=2, **TRAILING),
    case("dpmpp-2m", DPM, "vp", solver_order=2, at_sigma=True, note=ROUNDED, **KARRAS),
    case(
        "dpmpp-3m",
        DPM,
        "vp",
        options=(("curvature", "published"),),
        solver_order=3,
        note=PUBLISHED,
        **TRAILING,
    ),
    case("unipc", UNIPC, "vp", solver_order=2, **TRAILING),
    case("unipc", UNIPC, "vp", options=(("order", 3),), solver_order=3, **TRAILING),
    case("euler-ancestral", "EulerAncestralDiscreteScheduler", "ve", **TRAILING),
    case(
        "edm-heun",
        "HeunDiscreteScheduler",
        "ve",
        options=(("s_churn", 0.0),),
        note="theirs has no churn",
        **TRAILING,
    ),
    case("edm-heun", "HeunDiscreteScheduler", "ve", options=(("s_churn", 0.0),), **KARRAS),
    case(
        "edm-heun",
        "KarrasVeScheduler",
        "ve",
        "geometric",
        options=(("s_churn", 4.0), ("s_max", 1e6), ("s_min", 0.0), ("s_noise", 1.007)),
        sigma_min=0.15,
        sigma_max=10.0,
        s_churn=4.0,
        s_min=0.0,
        s_max=1e6,
        note="churn as in algorithm 2; with churn EulerDiscreteScheduler and EDMEulerScheduler ask "
        "the network before they add the noise",
    ),
    case("ddim", "EDMEulerScheduler", "ve", note=EDM_V, **EDM),
    case("dpmpp-2m", "EDMDPMSolverMultistepScheduler", "ve", note=EDM_V, **EDM),
    case("dpmpp-2m-sde", DPM, "vp", algorithm_type="sde-dpmsolver++", solver_order=2, **TRAILING),
    case("dpmpp-2m-sde", DPM, algorithm_type="sde-dpmsolver++", note=ROUNDED, **FLOW),
    case(
        "dpmpp-3m-sde",
        "ThirdOrderSde",
        "vp",
        options=(("curvature", "published"),),
        algorithm_type="sde-dpmsolver++",
        solver_order=3,
        note=WRONG_SIGN,
        **TRAILING,
    ),
    case(
        "sa-solver",
        "SASolverScheduler",
        "vp",
        options=(("corrector_order", 2), ("predictor_order", 2)),
        tau_func=every_time,
        predictor_order=2,
        corrector_order=2,
        lower_order_final=False,
        double=True,
        note=SA,
        **TRAILING,
    ),
    case(
        "sa-solver",
        "SASolverScheduler",
        "vp",
        tau_func=every_time,
        predictor_order=3,
        corrector_order=3,
        lower_order_final=False,
        double=True,
        note="as above",
        **TRAILING,
    ),
    case("flow-euler", "FlowMatchEulerDiscreteScheduler", "flow", "uniform"),
    case(
        "flow-euler",
        "FlowMatchEulerDiscreteScheduler",
        "flow",
        "shifted",
        shift=3.0,
        note="theirs shifts the ends of its grid before it shifts the grid; its sigmas are taken",
    ),
    case("flow-heun", "FlowMatchHeunDiscreteScheduler", "flow", "uniform"),
    case("dpmpp-2m", DPM, note=ROUNDED, **FLOW),
    case("unipc", UNIPC, note=ROUNDED, **FLOW),
    case("unipc", UNIPC, options=(("order", 3),), solver_order=3, note=ROUNDED, **FLOW),
)
