"""What other studios write into their pictures, as they write it."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from studio.gallery.metadata import Found, a1111

A1111 = {
    "1.10": (
        "a portrait of a red fox, (detailed fur:1.2), <lora:foxStyle_v2:0.8>\n"
        "sitting in the snow\n"
        "Negative prompt: blurry, lowres\n"
        "watermark\n"
        "Steps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 2914187532,"
        " Size: 512x768, Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, VAE hash: 735e4c3a44,"
        " VAE: vae-ft-mse-840000-ema-pruned.safetensors, Denoising strength: 0.4, Clip skip: 2,"
        ' Hires upscale: 2, Hires steps: 10, Hires upscaler: Latent, Lora hashes: "foxStyle_v2:'
        ' 8d4a1c3f2b10, other: 0123456789ab", Version: v1.10.1'
    ),
    "1.4": (
        "masterpiece, 1girl\n"
        "Negative prompt: bad hands\n"
        "Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 3889555578, Size: 512x512,"
        " Model hash: a504b5b137, Model: Anything-v4.5, Variation seed: 906100265, Variation seed"
        " strength: 0.2, Version: v1.6.0"
    ),
    "img2img": (
        "a teddy bear\nSteps: 20, Sampler: Euler a, Schedule type: Automatic, CFG scale: 7,"
        " Seed: 1, Size: 256x256, Model: studio-256, Denoising strength: 0.75, Version: v1.9.4"
    ),
    "2022": (
        "lake ness monster, procam style\nSteps: 20, Sampler: LMS Karras, CFG scale: 7,"
        " Seed: 76682, Size: 512x512"
    ),
    "forge": (
        "a cat holding a sign\nSteps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1,"
        " Distilled CFG Scale: 3.5, Seed: 9007199254740993, Size: 896x1152,"
        " Model: flux1-dev-bnb-nf4, Version: f2.0.1v1.10.1-previous-313-g8a042934, Module 1: ae"
    ),
    "quoted": (
        "a\nNegative prompt: b\nSteps: 8, Sampler: Heun, CFG scale: 2, Seed: 3, Size: 256x256,"
        ' Model: "odd, name: one", Hires prompt: "c, d: \\"e\\"\\nf", Eta: 0.5, Version: 1.8.0'
    ),
}

KSAMPLER: dict[str, Any] = {
    "3": {
        "inputs": {
            "seed": 156680208700286,
            "steps": 30,
            "cfg": 8.0,
            "sampler_name": "dpmpp_2m",
            "scheduler": "karras",
            "denoise": 1.0,
            "model": ["10", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
        "class_type": "KSampler",
        "_meta": {"title": "KSampler"},
        "is_changed": [float("nan")],
    },
    "4": {
        "inputs": {"ckpt_name": "SD1.5\\v1-5-pruned-emaonly.safetensors"},
        "class_type": "CheckpointLoaderSimple",
    },
    "5": {
        "inputs": {"width": 512, "height": 512, "batch_size": 1},
        "class_type": "EmptyLatentImage",
    },
    "6": {
        "inputs": {"text": "beautiful scenery nature glass bottle landscape", "clip": ["10", 1]},
        "class_type": "CLIPTextEncode",
    },
    "7": {"inputs": {"text": "text, watermark", "clip": ["10", 1]}, "class_type": "CLIPTextEncode"},
    "8": {"inputs": {"samples": ["3", 0], "vae": ["4", 2]}, "class_type": "VAEDecode"},
    "9": {"inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}, "class_type": "SaveImage"},
    "10": {
        "inputs": {
            "lora_name": "add_detail.safetensors",
            "strength_model": 1.0,
            "strength_clip": 1.0,
            "model": ["4", 0],
            "clip": ["4", 1],
        },
        "class_type": "LoraLoader",
    },
}

ADVANCED: dict[str, Any] = {  # SDXL, base and refiner
    "4": {
        "inputs": {"ckpt_name": "sd_xl_base_1.0.safetensors"},
        "class_type": "CheckpointLoaderSimple",
    },
    "5": {
        "inputs": {"width": 1024, "height": 1024, "batch_size": 1},
        "class_type": "EmptyLatentImage",
    },
    "6": {
        "inputs": {"text_g": "evening sunset", "text_l": "a glass bottle", "clip": ["4", 1]},
        "class_type": "CLIPTextEncodeSDXL",
    },
    "7": {"inputs": {"text": ["50", 0], "clip": ["4", 1]}, "class_type": "CLIPTextEncode"},
    "10": {
        "inputs": {
            "add_noise": "enable",
            "noise_seed": 721897303308196,
            "steps": ["51", 0],
            "cfg": 8,
            "sampler_name": "euler",
            "scheduler": "normal",
            "start_at_step": 0,
            "end_at_step": 20,
            "return_with_leftover_noise": "enable",
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["20", 0],
            "latent_image": ["5", 0],
        },
        "class_type": "KSamplerAdvanced",
    },
    "1": {
        "inputs": {
            "noise_seed": 0,
            "steps": 25,
            "cfg": 8,
            "sampler_name": "euler",
            "scheduler": "normal",
            "model": ["12", 0],
            "positive": ["15", 0],
            "negative": ["15", 0],
            "latent_image": ["10", 0],
        },
        "class_type": "KSamplerAdvanced",
    },
    "12": {
        "inputs": {"ckpt_name": "sd_xl_refiner_1.0.safetensors"},
        "class_type": "CheckpointLoaderSimple",
    },
    "15": {"inputs": {"text": "sunset", "clip": ["12", 1]}, "class_type": "CLIPTextEncode"},
    "20": {
        "inputs": {"conditioning_1": ["7", 0], "conditioning_2": ["21", 0]},
        "class_type": "ConditioningCombine",
    },
    "21": {"inputs": {"text": "watermark", "clip": ["4", 1]}, "class_type": "CLIPTextEncode"},
    "50": {"inputs": {"value": "text"}, "class_type": "PrimitiveString"},
    "51": {"inputs": {"value": 25}, "class_type": "PrimitiveInt"},
}

FLUX: dict[str, Any] = {
    "5": {
        "inputs": {"width": 1024, "height": 1024, "batch_size": 1},
        "class_type": "EmptySD3LatentImage",
    },
    "6": {
        "inputs": {"clip_l": "a fennec", "t5xxl": "a fennec", "guidance": 3.5, "clip": ["11", 0]},
        "class_type": "CLIPTextEncodeFlux",
    },
    "7": {"inputs": {"conditioning": ["6", 0]}, "class_type": "ConditioningZeroOut"},
    "11": {
        "inputs": {
            "clip_name1": "t5xxl_fp16.safetensors",
            "clip_name2": "clip_l.safetensors",
            "type": "flux",
        },
        "class_type": "DualCLIPLoader",
    },
    "12": {
        "inputs": {"unet_name": "flux1-dev.safetensors", "weight_dtype": "default"},
        "class_type": "UNETLoader",
    },
    "13": {
        "inputs": {
            "noise": ["25", 0],
            "guider": ["22", 0],
            "sampler": ["16", 0],
            "sigmas": ["17", 0],
            "latent_image": ["5", 0],
        },
        "class_type": "SamplerCustomAdvanced",
    },
    "16": {"inputs": {"sampler_name": "euler"}, "class_type": "KSamplerSelect"},
    "17": {
        "inputs": {"scheduler": "simple", "steps": 20, "denoise": 1, "model": ["30", 0]},
        "class_type": "BasicScheduler",
    },
    "22": {
        "inputs": {"cfg": 2.5, "model": ["30", 0], "positive": ["6", 0], "negative": ["7", 0]},
        "class_type": "CFGGuider",
    },
    "25": {"inputs": {"noise_seed": 219670278747233}, "class_type": "RandomNoise"},
    "30": {"inputs": {"shift": 3, "model": ["12", 0]}, "class_type": "ModelSamplingSD3"},
}

COMFYUI = {
    name: json.dumps(graph)
    for name, graph in (("ksampler", KSAMPLER), ("advanced", ADVANCED), ("flux", FLUX))
}

INVOKEAI = {
    "3": json.dumps(
        {
            "app_version": "3.3.0post3",
            "generation_mode": "txt2img",
            "positive_prompt": "landscape",
            "negative_prompt": "low quality",
            "width": 768,
            "height": 432,
            "seed": 356120443,
            "rand_device": "cpu",
            "cfg_scale": 7.5,
            "steps": 50,
            "scheduler": "dpmpp_2m_sde_k",
            "clip_skip": 0,
            "model": {"model_name": "amixx_3", "base_model": "sd-1", "model_type": "main"},
            "controlnets": [],
            "ipAdapters": [],
            "t2iAdapters": [],
            "loras": [
                {"lora": {"model_name": "more_details", "base_model": "sd-1"}, "weight": 0.75}
            ],
            "vae": {"model_name": "sd-vae-ft-mse", "base_model": "sd-1"},
        }
    ),
    "5": json.dumps(
        {
            "generation_mode": "sdxl_txt2img",
            "positive_prompt": "isometric cosy cabin",
            "negative_prompt": "deformed",
            "positive_style_prompt": "isometric cosy cabin",
            "negative_style_prompt": "oil painting",
            "width": 1024,
            "height": 1024,
            "seed": 2718281828,
            "rand_device": "cpu",
            "cfg_scale": 5.5,
            "cfg_rescale_multiplier": 0.5,
            "steps": 30,
            "scheduler": "kdpm_2",
            "seamless_x": False,
            "seamless_y": False,
            "model": {
                "key": "9f8e7d6c",
                "hash": "blake3:0011223344556677",
                "name": "juggernautXL",
                "base": "sdxl",
                "type": "main",
            },
            "loras": [{"model": {"key": "1", "name": "add-detail-xl"}, "weight": 0.6}],
            "app_version": "5.4.2",
        }
    ),
}
OLD_INVOKEAI = json.dumps(
    {
        "model": "stable diffusion",
        "model_weights": "stable-diffusion-1.5",
        "model_hash": "cc6cb27103417325ff94f52b7a5d2dde45a7515b25c255d8e396c90014281516",
        "app_id": "invoke-ai/InvokeAI",
        "app_version": "2.3.5",
        "image": {
            "prompt": [{"prompt": "a lonely robot [blurry, text]", "weight": 1.0}],
            "steps": 50,
            "cfg_scale": 7.5,
            "threshold": 0,
            "perlin": 0.1,
            "height": 512,
            "width": 512,
            "seed": 1618033988,
            "seamless": False,
            "hires_fix": False,
            "type": "txt2img",
            "postprocessing": None,
            "sampler": "k_lms",
            "variations": [{"seed": 77, "weight": 0.3}],
        },
    }
)
DREAM = '"a red "fox" [blurry, text]" -s 50 -S 3357757885 -W 512 -H 768 -C 7.5 -A k_euler_a -G 0.8'

FOOOCUS: dict[str, Any] = {
    "base_model": "juggernautXL_v8Rundiffusion",
    "full_prompt": ["cinematic still a smiling goldfish", "a smiling goldfish, deep focus"],
    "guidance_scale": 4,
    "loras": [["sd_xl_offset.safetensors", 0.1, "ab12"]],
    "metadata_scheme": "fooocus",
    "negative_prompt": "blurry",
    "performance": "Speed",
    "prompt": "a smiling goldfish",
    "resolution": "(768, 1280)",
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "seed": "6952411511246973023",
    "sharpness": 2,
    "steps": 30,
    "styles": "['Fooocus V2']",
    "version": "Fooocus v2.4.3",
}
SWARMUI: dict[str, Any] = {
    "prompt": "a pear, <lora:x>",
    "negativeprompt": "bad",
    "seed": 5,
    "steps": 25,
    "cfgscale": 4.0,
    "width": 1024,
    "height": 1024,
    "model": "m",
    "sampler": "dpmpp_2m",
    "scheduler": "karras",
    "sigmashift": 3.0,
    "variationseed": 7,
    "variationseedstrength": 0.25,
    "loras": ["one", "two"],
    "loraweights": ["1", "0.5"],
    "initimage": "x",
    "initimagecreativity": 0.6,
    "refinermethod": "PostApply",
    "swarm_version": "0.9.6",
}
EASY = {
    "prompt": "a pear on a table",
    "seed": "5",
    "negative_prompt": "bad",
    "num_inference_steps": "25",
    "guidance_scale": "7.5",
    "sampler_name": "euler_a",
    "width": "512",
    "height": "512",
    "use_stable_diffusion_model": "models/sd-v1-4",
    "use_lora_model": "x",
    "clip_skip": "False",
}
NOVELAI = {
    "Description": "a pear",
    "Software": "NovelAI",
    "Source": "NovelAI Diffusion V4 37442FCA",
    "Comment": json.dumps(
        {
            "prompt": "a pear",
            "steps": 28,
            "height": 1216,
            "width": 832,
            "scale": 5.0,
            "cfg_rescale": 0.2,
            "seed": 1234567890,
            "noise_schedule": "karras",
            "sampler": "k_dpmpp_2m",
            "sm": True,
            "uc": "bad",
            "request_type": "PromptGenerateRequest",
        }
    ),
}


def read_text(text: str, models: Collection[str]) -> Found:
    """What A1111's reader makes of a text of parameters."""
    found = a1111.FORMAT.find({"parameters": text}, models)
    assert found is not None
    return found


def written(path: Path, **chunks: str) -> Path:
    """A small PNG with these text chunks, `_` in their names standing for `-`."""
    info = PngImagePlugin.PngInfo()
    for name, text in chunks.items():
        info.add_text(name, text)
    Image.new("RGB", (4, 4)).save(path, pnginfo=info)
    return path
