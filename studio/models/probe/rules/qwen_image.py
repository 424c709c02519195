"""Qwen-Image and its later editions: two streams of 60 blocks, text from Qwen2.5-VL or Qwen3-VL."""

from studio.models.probe.rule import DENOISER, LORA, Config, Family, Hint, Rule

FIRST = "txt_norm.weight=3584 transformer_blocks.0.img_mod.1.weight"
EDITIONS = {"Layered": "time_text_embed.addition_t_embedding.weight", "1": ""}

QWEN_IMAGE = Family(
    "Qwen-Image",
    (
        Rule(DENOISER, FIRST, "", EDITIONS, "diffusers"),
        Rule(DENOISER, "txt_in.text_norm.weight", "", {"2.1": ""}, "original"),
        Rule(LORA, "transformer_blocks_*_img_{mlp_net_0_proj,mlp_net_2,mod_1}"),
        Rule(LORA, "transformer_blocks_5{0,1,2,3,4,5,6,7,8,9}_attn_to_q=3072x3072"),
    ),
    (
        Hint("edition", "Edit", "edit"),
        Hint("edition", "text to image"),
        Hint("distilled", "Lightning", r"lightning|(?<!\d)[48][-_ ]?steps"),
        Hint("distilled", "no"),
    ),
    (
        Config("QwenImageLayeredPipeline", {}, "Layered"),
        Config("QwenImageTransformer2DModel", {}, "1"),
    ),
)

FAMILIES = (QWEN_IMAGE,)
