"""Z-Image and Lumina 2: one stream with refiners, told apart by the width of their captions."""

from studio.models.probe.rule import DENOISER, LORA, Config, Family, Hint, Rule

CAPTION = "noise_refiner.0.* cap_embedder.1.weight="

Z_IMAGE = Family(
    "Z-Image",
    (
        Rule(DENOISER, CAPTION + "3840x? x_embedder.weight", "*control_*", layout="original"),
        Rule(DENOISER, CAPTION + "3840x? all_x_embedder.2-1.weight", "*control_*", {}, "diffusers"),
        Rule(LORA, "layers_*_attention_{to_q,to_k}=3840x3840"),
        Rule(LORA, "layers_*_attention_qkv=11520x3840"),
        Rule(LORA, "layers_*_feed_forward_w1=10240x3840"),
    ),
    (
        Hint("distilled", "Turbo", "turbo|distill"),
        Hint("distilled", "no", r"(?<![a-z])base(?![a-z])"),
    ),
    (Config("ZImageTransformer2DModel"),),
)
COMBINED = "noise_refiner.0.* time_caption_embed.caption_embedder.1.weight=2304x2304"
LUMINA2 = Family(
    "Lumina 2",
    (
        Rule(DENOISER, CAPTION + "2304x2304", layout="original"),
        Rule(DENOISER, COMBINED, layout="diffusers"),
        Rule(LORA, "layers_*_attention_qkv=3840x2304"),
        Rule(LORA, "layers_*_attn_to_q=2304x2304"),
    ),
    configs=(Config("Lumina2Transformer2DModel"),),
)

FAMILIES = (Z_IMAGE, LUMINA2)
