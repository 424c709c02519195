"""FLUX.1, FLUX.2, FLUX.3 and Chroma: the same blocks, told apart by what modulates them."""

from studio.models.probe.rule import DENOISER, LORA, Config, Family, Hint, Rule

NORM = "double_blocks.0.img_attn.norm.key_norm.{scale,weight}=128 "
SINGLE = "single_transformer_blocks.0.proj_mlp.weight=12288x3072 "
LATER = "distilled_guidance_layer.* double_stream_modulation_img.*"  # of Chroma and FLUX.2
GUIDED = "time_text_embed.guidance_embedder.linear_1.weight"


def inputs(image: str, guidance: str) -> dict[str, str]:
    return {
        "Fill": f"{image}=3072x384",
        "Depth / Canny": f"{image}=3072x128",
        "dev": f"{image}=3072x64 {guidance}",
        "schnell": f"{image}=3072x64 !{guidance}",
    }


def widths(text: str) -> dict[str, str]:
    """Of FLUX.2's text: three layers' outputs side by side."""
    table = {"dev": "6144x15360", "klein 4B": "3072x7680", "klein 9B": "4096x12288"}
    return {name: f"{text}={shape}" for name, shape in table.items()}


FLUX1 = Family(
    "FLUX.1",
    (
        Rule(
            DENOISER, NORM + "vector_in.in_layer.weight", LATER,
            inputs("img_in.weight", "guidance_in.in_layer.weight"), "original",
        ),
        Rule(
            DENOISER, SINGLE + "time_text_embed.text_embedder.linear_1.weight", LATER,
            inputs("x_embedder.weight", GUIDED), "diffusers",
        ),
        Rule(LORA, "single_blocks_*_linear1=21504x3072"),
        Rule(LORA, "double_blocks_*_img_mlp_0=12288x3072"),
        Rule(LORA, "double_blocks_18_*"),
        Rule(LORA, "double_blocks_*_img_mod_lin=18432x3072"),
        Rule(LORA, "{double,single}_blocks_*_processor_*"),
        Rule(LORA, "single_transformer_blocks_*_{attn_to_q,attn_to_k}=3072x3072"),
        Rule(LORA, "single_transformer_blocks_*_proj_mlp=12288x3072"),
        Rule(LORA, "transformer_blocks_18_attn_to_q=3072x3072", "transformer_blocks_2* single_*"),
    ),
    (
        Hint("edition", "Kontext", "kontext"),
        Hint("edition", "Krea", "krea"),
        Hint("edition", "Chroma, whose LoRA can look like FLUX.1's", "chroma", kinds=(LORA,)),
        Hint("distilled", "8 steps", r"turbo|hyper|(?<!\d)8[-_ ]?steps"),
        Hint("distilled", "de-distilled: guide it as any other", "de-?distill"),
    ),
    (
        Config("FluxKontextPipeline", {}, "dev"),
        Config("FluxFillPipeline", {}, "Fill"),
        Config("FluxTransformer2DModel", {"in_channels": 384}, "Fill"),
        Config("FluxTransformer2DModel", {"in_channels": 128}, "Depth / Canny"),
        Config("FluxTransformer2DModel", {"guidance_embeds": True}, "dev"),
        Config("FluxTransformer2DModel", {"guidance_embeds": False}, "schnell"),
    ),
)  # fmt: skip
FLUX2 = Family(
    "FLUX.2",
    (
        Rule(
            DENOISER, "double_stream_modulation_img.lin.weight", "",
            widths("txt_in.weight"), "original",
        ),
        Rule(
            DENOISER, "double_stream_modulation_img.linear.weight", "",
            widths("context_embedder.weight"), "diffusers",
        ),
        Rule(LORA, "single_blocks_*_linear1=55296x6144", variants={"dev": ""}),
        Rule(LORA, "single_blocks_*_linear1=27648x3072", variants={"klein 4B": ""}),
        Rule(LORA, "single_blocks_*_linear1=36864x4096", variants={"klein 9B": ""}),
        Rule(LORA, "double_blocks_*_img_attn_qkv=18432x6144", variants={"dev": ""}),
        Rule(LORA, "double_blocks_*_img_attn_qkv=12288x4096", variants={"klein 9B": ""}),
        Rule(LORA, "single_transformer_blocks_*_attn_to_qkv_mlp_proj"),
    ),
    (
        Hint("distilled", "no", r"(?<![a-z])base(?![a-z])"),
        Hint("distilled", "guidance embedded", keys=("guidance_in.in_layer.weight",)),
        Hint("distilled", "4 steps", "klein"),
    ),
    (
        Config("Flux2Transformer2DModel", {"joint_attention_dim": 15360}, "dev"),
        Config("Flux2Transformer2DModel", {"joint_attention_dim": 7680}, "klein 4B"),
        Config("Flux2Transformer2DModel", {"joint_attention_dim": 12288}, "klein 9B"),
    ),
)  # fmt: skip
GUIDE = "distilled_guidance_layer.in_proj.weight=5120x64 "
CHROMA = Family(
    "Chroma",
    (
        Rule(DENOISER, GUIDE + NORM, "nerf_blocks.*", layout="original"),
        Rule(DENOISER, GUIDE + SINGLE, layout="diffusers"),
        Rule(LORA, "distilled_guidance_layer_* *{double,transformer}_blocks_*"),
    ),
    (Hint("distilled", "Flash", "flash|hyper|turbo"), Hint("distilled", "no")),
    (Config("ChromaTransformer2DModel"),),
)
EARLY = "early_stream_modulations.image.lin.weight"
FLUX3 = Family(
    "FLUX.3",
    (Rule(DENOISER, EARLY, "", {"distilled": "ref_time_in.in_layer.weight", "base": ""}),),
    configs=(Config("Flux3Transformer2DModel"),),
    supported=False,
)

FAMILIES = (FLUX1, FLUX2, CHROMA, FLUX3)
