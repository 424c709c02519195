"""Stable Diffusion 3 and 3.5: joint attention; the table of positions tells medium from 3.5."""

from studio.models.probe.rule import DENOISER, LORA, Config, Family, Hint, Rule

ORIGINAL = {
    "3.5 large": "joint_blocks.37.x_block.mlp.fc1.weight=?x2432",
    "3.5 medium": "pos_embed=1x147456x1536",
    "3 medium": "pos_embed=1x36864x1536",
}
DIFFUSERS = {
    "3.5 large": "transformer_blocks.37.ff.net.0.proj.weight=?x2432",
    "3.5 medium": "transformer_blocks.0.attn2.to_q.weight=1536x1536",
    "3 medium": "transformer_blocks.23.attn.to_q.weight=1536x1536",
}
JOINT = "context_embedder.weight=?x4096 transformer_blocks.0.attn.add_q_proj.weight"
LORA_JOINT = "transformer_blocks_*_attn_{to_q,to_k,add_q_proj}=?x"

SD3 = Family(
    "SD 3",
    (
        Rule(DENOISER, "joint_blocks.0.context_block.attn.qkv.weight", "", ORIGINAL, "original"),
        Rule(DENOISER, "pos_embed.proj.weight=?x16x2x2 " + JOINT, "", DIFFUSERS, "diffusers"),
        Rule(LORA, "joint_blocks_*"),
        Rule(LORA, LORA_JOINT + "1536", "single_* *attn2_to_k", {"medium": ""}),
        Rule(LORA, LORA_JOINT + "2432", "single_*", {"3.5 large": ""}),
    ),
    (Hint("distilled", "Turbo", "turbo"), Hint("distilled", "no")),
    (
        Config("SD3Transformer2DModel", {"num_layers": 38}, "3.5 large"),
        Config("SD3Transformer2DModel", {"pos_embed_max_size": 384}, "3.5 medium"),
        Config("SD3Transformer2DModel", {"pos_embed_max_size": 192}, "3 medium"),
    ),
)

FAMILIES = (SD3,)
