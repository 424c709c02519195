"""PixArt and Sana: cross attention to T5 (4096 wide) or to Gemma 2 (2304 wide)."""

from studio.models.probe.rule import DENOISER, LORA, Config, Family, Hint, Rule

TEXT = "y_embedder.y_proj.fc1.weight="
CAPTION = "caption_projection.linear_1.weight="
EMPTY = "y_embedder.y_embedding"  # what it reads where there is no text
ORIGINAL = {  # `pos_embed`: places, of the size that it was trained with
    "Alpha 1024": "csize_embedder.mlp.0.weight",
    "Sigma 256": EMPTY + "=300x4096 pos_embed=1x256x1152",
    "Sigma 512": EMPTY + "=300x4096 pos_embed=1x1024x1152",
    "Sigma 2048": EMPTY + "=300x4096 pos_embed=1x16384x1152",
    "Sigma": EMPTY + "=300x4096",
    "Alpha 256": EMPTY + "=120x4096 pos_embed=1x256x1152",
    "Alpha": EMPTY + "=120x4096",
}
DIFFUSERS = {
    "Alpha 1024": "adaln_single.emb.resolution_embedder.linear_1.weight",
    "Sigma, or Alpha of 512 px": "",
}
PATCH = "adaln_single.linear.weight=6912x1152 pos_embed.proj.weight=1152x4x2x2"

PIXART = Family(
    "PixArt",
    (
        Rule(
            DENOISER, TEXT + "1152x4096 t_block.1.weight=6912x1152 " + EMPTY, "", ORIGINAL,
            "original",
        ),
        Rule(DENOISER, CAPTION + "1152x4096 " + PATCH, "", DIFFUSERS, "diffusers"),
        Rule(LORA, "transformer_blocks_*_attn2_to_{q,k}=1152x1152"),
    ),
    (Hint("distilled", "LCM or DMD", "lcm|dmd"), Hint("distilled", "no")),
    (
        Config("PixArtSigmaPipeline", {}, "Sigma"),
        Config("PixArtAlphaPipeline", {}, "Alpha"),
        Config("PixArtTransformer2DModel"),
        Config("Transformer2DModel", {"norm_type": "ada_norm_single"}),  # as it is published
    ),
)  # fmt: skip
FIRST = "blocks.0.mlp.depth_conv.conv.weight"
OTHER = "transformer_blocks.0.ff.conv_depth.weight"
MARKS = ("cfg_embedder.mlp.0.weight", "time_embed.guidance_embedder.linear_1.weight")
SANA = Family(
    "Sana",
    (
        Rule(DENOISER, f"{FIRST} {TEXT}2240x2304", "", {"1.6B": ""}, "original"),
        Rule(DENOISER, f"{FIRST} {TEXT}1152x2304", "", {"0.6B": ""}, "original"),
        Rule(DENOISER, f"{OTHER} {CAPTION}2240x2304", "", {"1.6B": ""}, "diffusers"),
        Rule(DENOISER, f"{OTHER} {CAPTION}1152x2304", "", {"0.6B": ""}, "diffusers"),
        Rule(LORA, "transformer_blocks_*_attn{1,2}_to_q=2240x2240", variants={"1.6B": ""}),
    ),
    (Hint("distilled", "Sprint", "sprint", MARKS), Hint("distilled", "no")),
    (Config("SanaTransformer2DModel"),),
)

FAMILIES = (PIXART, SANA)
