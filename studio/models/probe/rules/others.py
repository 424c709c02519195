"""Families and files that are known and not opened: named, so that nobody is left guessing."""

from studio.models.probe.rule import DENOISER, OTHER, Family, Rule

HUNYUAN = "txt_in.individual_token_refiner.blocks.0.adaLN_modulation.1.weight img_in.proj.weight="
DENOISERS = (
    ("Krea 2", "txtfusion.projector.weight"),
    ("Krea 2", "text_fusion.projector.weight"),
    ("Ideogram 4", "embed_image_indicator.weight"),
    ("ERNIE-Image", "layers.0.mlp.linear_fc2.weight layers.0.mlp.gate_proj.weight"),
    ("Anima", "llm_adapter.* blocks.0.* x_embedder.proj.1.weight"),
    ("Chroma Radiance", "nerf_blocks.0.* distilled_guidance_layer.*"),
    ("HunyuanImage", HUNYUAN + "?x?x?x?"),
    ("HunyuanVideo", HUNYUAN + "?x?x?x?x?"),
    ("Hunyuan-DiT", "mlp_t5.0.weight pooler.*"),
    ("Kolors", "encoder_hid_proj.weight=2048x4096 {conv_in,input_blocks.0.0}.weight"),
    ("AuraFlow", "double_layers.0.attn.w2q.weight"),
    ("HiDream", "double_stream_blocks.0.block.adaLN_modulation.1.bias"),
    ("Wan", "head.modulation patch_embedding.weight"),
    ("LTX-Video", "patchify_proj.weight adaln_single.linear.weight"),
    ("Mochi", "blocks.0.attn.qkv_x.weight"),
    ("Stable Cascade", "down_blocks.1.0.channelwise.0.weight"),
    ("Stable Cascade", "clip_txt_mapper.weight"),
    ("Cosmos", "blocks.0.self_attn.q_proj.weight x_embedder.proj.1.weight"),
    ("SD x4 upscaler", "{conv_in,input_blocks.0.0}.weight=256x7x3x3"),
)
FILES = (
    ("ControlNet", "control_model.time_embed.0.weight"),
    ("ControlNet", "controlnet_cond_embedding.conv_in.weight"),
    ("ControlNet", "input_hint_block.0.weight zero_convs.0.0.weight"),
    ("ControlNet", "controlnet_x_embedder.weight"),
    ("ControlNet", "control_{layers,all_x_embedder}.*"),
    ("IP-Adapter", "ip_adapter.* image_proj.*"),
    ("AnimateDiff", "*motion_modules.0.temporal_transformer.*"),
    ("upscaler (ESRGAN)", "body.0.rdb1.conv1.weight"),
    ("upscaler (ESRGAN)", "model.1.sub.0.RDB1.conv1.0.weight"),
    ("CLIP picture tower", "vision_model.embeddings.class_embedding"),
)

FAMILIES = tuple(
    Family(name, (Rule(kind, keys),), supported=False)
    for kind, table in ((DENOISER, DENOISERS), (OTHER, FILES))
    for name, keys in table
)
