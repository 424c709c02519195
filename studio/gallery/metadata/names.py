"""Other studios' names of samplers and schedules, and ours."""

from __future__ import annotations

import re
from dataclasses import dataclass

from studio.core.specs import Options


@dataclass(frozen=True)
class Match:
    """One of our names; `exact` where it is the same method, not only the nearest."""

    name: str
    exact: bool = True
    options: Options = ()


PLAIN_HEUN: Options = (("s_churn", 0.0),)

SAMPLERS: dict[str, Match] = {
    "ddim": Match("ddim"),
    "ddpm": Match("ddpm"),
    "dpmpp2m": Match("dpmpp-2m"),
    "dpmpp2": Match("dpmpp-2m"),  # InvokeAI 2
    "dpmpp2msde": Match("dpmpp-2m-sde"),
    "dpmpp3m": Match("dpmpp-3m"),
    "dpmpp3msde": Match("dpmpp-3m-sde"),
    "ersde": Match("er-sde-3"),
    "euler": Match("flow-euler"),
    "eulera": Match("euler-ancestral"),
    "eulerancestral": Match("euler-ancestral"),
    "heun": Match("edm-heun", options=PLAIN_HEUN),
    "plms": Match("pndm"),
    "pndm": Match("pndm"),
    "restart": Match("restart"),
    "sasolver": Match("sa-solver"),
    "unipc": Match("unipc"),
    "unipcbh2": Match("unipc"),
    "unipcsnr": Match("unipc"),  # Easy Diffusion
    # the nearest
    "deis": Match("dpmpp-3m", exact=False),
    "dpm2": Match("edm-heun", exact=False, options=PLAIN_HEUN),
    "dpm2a": Match("euler-ancestral", exact=False),
    "dpm2ancestral": Match("euler-ancestral", exact=False),
    "dpmadaptive": Match("sde-pf-ode", exact=False),
    "dpmfast": Match("dpmpp-3m", exact=False),
    "dpmpp2a": Match("dpmpp-2m-sde", exact=False),
    "dpmpp2msdeheun": Match("dpmpp-2m-sde", exact=False),
    "dpmpp2s": Match("dpmpp-2m", exact=False),
    "dpmpp2sa": Match("dpmpp-2m-sde", exact=False),
    "dpmpp2sancestral": Match("dpmpp-2m-sde", exact=False),
    "dpmppsde": Match("dpmpp-2m-sde", exact=False),
    "expheun2x0": Match("edm-heun", exact=False, options=PLAIN_HEUN),
    "expheun2x0sde": Match("dpmpp-2m-sde", exact=False),
    "fluxrealistic": Match("flow-euler", exact=False),
    "gradientestimation": Match("dpmpp-2m", exact=False),
    "heunpp2": Match("edm-heun", exact=False, options=PLAIN_HEUN),
    "ipndm": Match("pndm", exact=False),
    "ipndmv": Match("dpmpp-3m", exact=False),
    "lcm": Match("euler-ancestral", exact=False),
    "lms": Match("dpmpp-2m", exact=False),
    "resmultistep": Match("dpmpp-2m", exact=False),
    "resmultistepancestral": Match("dpmpp-2m-sde", exact=False),
    "sasolverpece": Match("sa-solver", exact=False),
    "seeds2": Match("dpmpp-2m-sde", exact=False),
    "seeds3": Match("dpmpp-3m-sde", exact=False),
    "tcd": Match("euler-ancestral", exact=False),
}

SCHEDULES: dict[str, Match] = {
    "automatic": Match(""),
    "native": Match(""),  # NovelAI
    "karras": Match("karras"),
    "exponential": Match("exponential"),
    "polyexponential": Match("exponential"),  # of rho 1, as everyone has it
    "beta": Match("beta"),
    "simple": Match("trailing"),
    "sgmuniform": Match("trailing"),
    "ddim": Match("leading"),
    "ddimuniform": Match("leading"),
    # the nearest
    "normal": Match("trailing", exact=False),
    "uniform": Match("trailing", exact=False),
    "linearquadratic": Match("uniform", exact=False),
    "kloptimal": Match("karras", exact=False),
    "alignyoursteps": Match("karras", exact=False),
    "alignyourstepsgits": Match("karras", exact=False),
    "alignyoursteps11": Match("karras", exact=False),
    "alignyoursteps32": Match("karras", exact=False),
    "turbo": Match("trailing", exact=False),
}

#: What A1111 and its kin call ours.
A1111_SAMPLERS = {
    "ddim": "DDIM",
    "ddpm": "DDPM",
    "dpmpp-2m": "DPM++ 2M",
    "dpmpp-2m-sde": "DPM++ 2M SDE",
    "dpmpp-3m-sde": "DPM++ 3M SDE",
    "edm-heun": "Heun",
    "euler-ancestral": "Euler a",
    "flow-euler": "Euler",
    "pndm": "PLMS",
    "restart": "Restart",
    "unipc": "UniPC",
}
A1111_SCHEDULES = {
    "karras": "Karras",
    "exponential": "Exponential",
    "beta": "Beta",
    "trailing": "Simple",
    "leading": "DDIM",
}

_SPOKEN = ("karras", "polyexponential", "exponential", "sgmuniform")  # also after unknown names
_BY_LENGTH = sorted(SCHEDULES, key=len, reverse=True)


def key(name: str) -> str:
    """A name in the spelling of the tables: "DPM++ 2M", "dpmpp_2m" and "k_dpmpp_2m" are one."""
    plain = re.sub(r"[^a-z0-9]", "", name[:80].lower().replace("+", "p"))
    return plain.removesuffix("gpu")


def sampler_and_schedule(sampler: str, schedule: str = "") -> tuple[str, str, bool]:
    """(sampler's key, schedule's key, whether it is a CFG++ sampler) of two names as written.

    Old names hold the schedule: "DPM++ 2M Karras", InvokeAI's "dpmpp_2m_k" and "k_dpmpp_2" (which
    were Karras only where said so).
    """
    name, plain = key(sampler), key(schedule)
    lower = sampler[:80].lower().strip()
    if lower.endswith("_k"):
        name, plain = name[:-1], plain or "karras"
    elif lower.startswith("k_"):
        name = name[1:]
    name = name.removeprefix("sample") if lower.startswith("sample_") else name
    for spoken in _BY_LENGTH:  # SwarmUI's "DPM++ 2M_simple", A1111's "DPM++ 2M Karras"
        before = name.removesuffix(spoken).removesuffix("gpu")
        if name.endswith(spoken) and (before in SAMPLERS or (before and spoken in _SPOKEN)):
            name, plain = before, plain or spoken
            break
    name = name.removeprefix("k") if name.startswith("kdpm") else name
    guided = name.endswith("cfgpp")
    return name.removesuffix("cfgpp"), plain, guided
