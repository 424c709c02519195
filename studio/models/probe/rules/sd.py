"""Stable Diffusion 1.x, 2.x and XL: U-Nets, told apart by the width of the text they attend to."""

from studio.models.probe.rule import DENOISER, LORA, Config, Family, Hint, Rule

TO_K = "transformer_blocks.0.attn2.to_k.weight"
NO = "*motion_modules* controlnet_cond_embedding.* encoder_hid_proj.*"
ONLY_TEXT = "te2:* *blocks_* layers_*"
INPUTS = {"base": 4, "inpainting": 9, "instruct-pix2pix": 8, "depth": 5}  # channels
V_TEXT = r"prediction_type=v|v_parameterization=true|v[-_ ]?pred(iction)?(?![a-z])"
HINTS = (
    Hint("prediction", "v", V_TEXT, ("v_pred",)),
    Hint("prediction", "epsilon"),
    Hint("zero terminal SNR", "yes", r"ztsnr|zsnr|zero.?terminal", ("ztsnr",)),
    Hint("distilled", "Lightning", "lightning"),
    Hint("distilled", "Turbo", "turbo"),
    Hint("distilled", "Hyper-SD", r"hyper(?![a-z])|hypersd"),
    Hint("distilled", "LCM", r"(?<![a-z])lcm(?![a-z])"),
    Hint("distilled", "DMD2", "dmd2"),
    Hint("distilled", "no"),
)


def unets(original: str, diffusers: str) -> tuple[Rule, Rule]:
    """In the first layout and in diffusers'; its first layer tells what it is given."""
    first = {name: f"input_blocks.0.0.weight=320x{n}x3x3" for name, n in INPUTS.items()}
    other = {name: f"conv_in.weight=320x{n}x3x3" for name, n in INPUTS.items()}
    return (
        Rule(DENOISER, original, NO, first, "original"),
        Rule(DENOISER, diffusers, NO, other, "diffusers"),
    )


def loras(width: int) -> tuple[Rule, Rule]:
    """By what they attend to, or by the one text encoder that they change."""
    return (
        Rule(LORA, f"*blocks_*_attn2_{{,processor_}}{{to_k,to_v}}{{,_lora}}=?x{width}"),
        Rule(LORA, f"te:*layers_*_{{mlp_fc1,self_attn_q_proj}}=?x{width}", ONLY_TEXT),
    )


def configs(width: int) -> tuple[Config, ...]:
    table = INPUTS.items()
    settings = {"cross_attention_dim": width}
    return tuple(Config("UNet2DConditionModel", settings | {"in_channels": n}, v) for v, n in table)


SD1 = Family(
    "SD 1.x",
    unets(f"input_blocks.2.1.{TO_K}=320x768", f"down_blocks.0.attentions.0.{TO_K}=320x768")
    + loras(768),
    HINTS,
    configs(768),
)
SD2 = Family(
    "SD 2.x",
    unets(f"input_blocks.2.1.{TO_K}=320x1024", f"down_blocks.0.attentions.0.{TO_K}=320x1024")
    + loras(1024),
    (Hint("prediction", "v", r"768|v2-1_(?!512)|(?<![a-z])v-ema"), *HINTS),
    configs(1024),
)
SDXL = Family(
    "SDXL",
    (
        *unets(f"input_blocks.4.1.{TO_K}=640x2048", f"down_blocks.1.attentions.0.{TO_K}=640x2048"),
        loras(2048)[0],
        Rule(LORA, "*put_blocks_*_transformer_blocks_9_attn1_*"),
        Rule(LORA, "*down_blocks_2_attentions_1_transformer_blocks_9_attn1_*"),
        Rule(LORA, "te2:*layers_*_{mlp_fc1,self_attn_q_proj}=?x1280", "*blocks_* layers_*"),
    ),
    (
        Hint("lineage", "Pony", "pony"),
        Hint("lineage", "NoobAI", "noob"),
        Hint("lineage", "Illustrious", r"illustrious|ilxl|(?<![a-z])il(?![a-z])"),
        Hint("prediction", "EDM v", keys=("edm_vpred.sigma_max",)),
        Hint("prediction", "EDM", "playground", ("edm_mean", "edm_std")),
        *HINTS,
    ),
    configs(2048),
)
REFINER = Family(
    "SDXL refiner",
    (Rule(DENOISER, f"input_blocks.4.1.{TO_K}=768x1280 label_emb.0.0.weight", layout="original"),),
    configs=(Config("UNet2DConditionModel", {"cross_attention_dim": 1280}),),
    supported=False,
)

FAMILIES = (SD1, SD2, SDXL, REFINER)
