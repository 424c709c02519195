"""Names of samplers and schedules: all lead somewhere, and A1111's lead back."""

from __future__ import annotations

import pytest

from studio.core.specs import checked_options
from studio.diffusion import samplers
from studio.diffusion.schedules import find_schedule
from studio.gallery.metadata.foreign import Foreign
from studio.gallery.metadata.found import unused
from studio.gallery.metadata.names import (
    A1111_SAMPLERS,
    A1111_SCHEDULES,
    SAMPLERS,
    SCHEDULES,
    key,
    sampler_and_schedule,
)


def test_every_name_leads_to_one_of_ours() -> None:
    for match in SAMPLERS.values():
        spec = samplers.find(match.name).spec
        assert spec.name == match.name
        assert checked_options(spec.name, spec.parameters, match.options) == match.options
    for match in SCHEDULES.values():
        if match.name:
            find_schedule(match.name)


def test_what_we_write_comes_back() -> None:
    for ours, theirs in A1111_SAMPLERS.items():
        assert (SAMPLERS[key(theirs)].name, SAMPLERS[key(theirs)].exact) == (ours, True)
    for ours, theirs in A1111_SCHEDULES.items():
        assert (SCHEDULES[key(theirs)].name, SCHEDULES[key(theirs)].exact) == (ours, True)


@pytest.mark.parametrize(
    ("written", "sampler", "schedule", "guided"),
    [
        ("DPM++ 2M SDE Karras", "dpmpp2msde", "karras", False),
        ("DPM++ 3M SDE Exponential", "dpmpp3msde", "exponential", False),
        ("DPM2 a Karras", "dpm2a", "karras", False),
        ("dpmpp_2m_sde_gpu", "dpmpp2msde", "", False),
        ("dpmpp_2s_ancestral_cfg_pp", "dpmpp2sancestral", "", True),
        ("DDIM CFG++", "ddim", "", True),
        ("euler_k", "euler", "karras", False),
        ("kdpm_2_a_k", "dpm2a", "karras", False),
        ("k_dpmpp_2", "dpmpp2", "", False),
        ("k_lms", "lms", "", False),
        ("uni_pc_bh2", "unipcbh2", "", False),
        ("euler_ancestral_karras", "eulerancestral", "karras", False),
        ("dpmpp_2m_sde_gpu_karras", "dpmpp2msde", "karras", False),
        ("DPM++ 2S a_ddim_uniform", "dpmpp2sa", "ddimuniform", False),
        ("euler_simple", "euler", "simple", False),
        ("uni_pc_normal", "unipc", "normal", False),
        ("sample_dpmpp_2m", "dpmpp2m", "", False),
        ("k_euler_ancestral", "eulerancestral", "", False),
        ("", "", "", False),
    ],
)
def test_spellings(written: str, sampler: str, schedule: str, guided: bool) -> None:
    assert sampler_and_schedule(written) == (sampler, schedule, guided)
    assert not sampler or sampler in SAMPLERS


# The lists that A1111 1.10, ComfyUI 0.3 and InvokeAI 5 offer.
OFFERED = """DPM++ 2M|DPM++ SDE|DPM++ 2M SDE|DPM++ 2M SDE Heun|DPM++ 2S a|DPM++ 3M SDE|Euler a|Euler
LMS|Heun|DPM2|DPM2 a|DPM fast|DPM adaptive|Restart|DDIM|DDIM CFG++|PLMS|UniPC|LCM
euler|euler_cfg_pp|euler_ancestral|euler_ancestral_cfg_pp|heun|heunpp2|dpm_2|dpm_2_ancestral|lms
dpm_fast|dpm_adaptive|dpmpp_2s_ancestral|dpmpp_2s_ancestral_cfg_pp|dpmpp_sde|dpmpp_sde_gpu|dpmpp_2m
dpmpp_2m_cfg_pp|dpmpp_2m_sde|dpmpp_2m_sde_gpu|dpmpp_3m_sde|dpmpp_3m_sde_gpu|ddpm|lcm|ipndm|ipndm_v
deis|res_multistep|res_multistep_cfg_pp|res_multistep_ancestral|res_multistep_ancestral_cfg_pp
gradient_estimation|er_sde|seeds_2|seeds_3|sa_solver|sa_solver_pece|ddim|uni_pc|uni_pc_bh2
deis_k|dpmpp_2s|dpmpp_2s_k|dpmpp_2m_k|dpmpp_2m_sde_k|dpmpp_3m|dpmpp_3m_k|dpmpp_sde_k|euler_k|euler_a
kdpm_2|kdpm_2_k|kdpm_2_a|kdpm_2_a_k|heun_k|lms_k|pndm|tcd|unipc|unipc_k"""


@pytest.mark.parametrize("name", OFFERED.replace("\n", "|").split("|"))
def test_every_sampler_that_others_offer_is_known(name: str) -> None:
    assert sampler_and_schedule(name)[0] in SAMPLERS


def test_values_are_carried_by_name_and_what_does_nothing_is_no_loss() -> None:
    values = {"seed": 7, "cfg": 2.5, "tiling": True, "hires_fix": "None", "loras": [], "date": "x"}
    foreign = Foreign.of(values, {"seed": "seed", "guidance": "cfg", "steps": "steps"}, width=64)
    assert foreign == Foreign(seed=7, guidance=2.5, width=64)
    assert unused(values, ("seed", "cfg"), {"date"}) == ("tiling",)
    assert unused({"clip_skip": 2}) == ("clip skip",)
