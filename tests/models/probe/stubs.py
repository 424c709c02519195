# ruff: noqa: E501
"""Headers of files that people have: real names and shapes, a few of each file's, and no weights.

A word is `NAME=320x768`, or `NAME=320x768:F32` where its type is not the file's. The answer:
kind | family | variant | precision | layout or dialect | what is prefilled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from studio.models.probe.header import Header, Tensor


@dataclass(frozen=True)
class Stub:
    name: str
    answer: str
    words: str
    dtype: str = "F16"
    metadata: tuple[tuple[str, str], ...] = ()
    format: str = "safetensors"

    @property
    def path(self) -> Path:
        return Path(self.name)

    @property
    def header(self) -> Header:
        tensors = {}
        for word in self.words.split():
            name, _, rest = word.rpartition("=")
            shape, _, dtype = rest.partition(":")
            lengths = tuple(int(n) for n in shape.split("x")) if shape != "-" else ()
            tensors[name] = Tensor(dtype or self.dtype, lengths)
        return Header(tensors, dict(self.metadata), self.format)


def under(prefix: str, words: str) -> str:
    return " ".join(prefix + word for word in words.split())


MODEL = "model.diffusion_model."


def unet(width: int, inputs: int = 4) -> str:
    """Of SD 1 and 2, in the first layout."""
    return f"""time_embed.0.weight=1280x320 input_blocks.0.0.weight=320x{inputs}x3x3
    input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight=320x320
    input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight=320x{width}
    input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight=320x{width}
    middle_block.1.transformer_blocks.0.attn2.to_k.weight=1280x{width}
    output_blocks.11.0.skip_connection.weight=320x640x1x1 out.2.weight=4x320x3x3"""


def unet_diffusers(width: int, inputs: int = 4) -> str:
    return f"""time_embedding.linear_1.weight=1280x320 conv_in.weight=320x{inputs}x3x3
    down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight=320x{width}
    mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight=1280x{width}
    up_blocks.3.resnets.0.conv1.weight=320x960x3x3 conv_out.weight=4x320x3x3"""


def unet_xl(inputs: int = 4) -> str:
    return f"""time_embed.0.weight=1280x320 label_emb.0.0.weight=1280x2816
    input_blocks.0.0.weight=320x{inputs}x3x3
    input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight=640x2048
    input_blocks.8.1.transformer_blocks.9.attn2.to_k.weight=1280x2048 out.2.weight=4x320x3x3"""


UNET_XL_DIFFUSERS = """add_embedding.linear_1.weight=1280x2816 conv_in.weight=320x4x3x3
    down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight=640x2048
    down_blocks.2.attentions.1.transformer_blocks.9.attn2.to_k.weight=1280x2048"""


def vae(channels: int) -> str:
    quant = "" if channels == 16 else f"post_quant_conv.weight={channels}x{channels}x1x1"
    return f"""encoder.conv_in.weight=128x3x3x3 encoder.conv_out.weight={2 * channels}x512x3x3
    decoder.conv_in.weight=512x{channels}x3x3 decoder.mid.block_1.norm1.weight=512
    decoder.mid.attn_1.q.weight=512x512x1x1 decoder.conv_out.weight=3x128x3x3 {quant}"""


def vae_diffusers(channels: int) -> str:
    return f"""encoder.conv_in.weight=128x3x3x3 decoder.conv_in.weight=512x{channels}x3x3
    decoder.mid_block.resnets.0.norm1.weight=512 decoder.mid_block.attentions.0.to_q.weight=512x512
    decoder.conv_out.weight=3x128x3x3"""


def clip(width: int, layers: int, prefix: str = "text_model.") -> str:
    return under(
        prefix,
        f"""embeddings.position_embedding.weight=77x{width}
        embeddings.token_embedding.weight=49408x{width} encoder.layers.0.layer_norm1.weight={width}
        encoder.layers.{layers - 1}.layer_norm1.weight={width}
        encoder.layers.{layers - 1}.mlp.fc1.weight={4 * width}x{width}
        final_layer_norm.weight={width}""",
    )


def open_clip(width: int, layers: int) -> str:
    last = layers - 1
    return f"""positional_embedding=77x{width} text_projection={width}x{width}
    token_embedding.weight=49408x{width}
    transformer.resblocks.0.attn.in_proj_weight={3 * width}x{width}
    transformer.resblocks.9.mlp.c_proj.bias={width}
    transformer.resblocks.{last - 1}.attn.in_proj_weight={3 * width}x{width}
    transformer.resblocks.{last}.attn.in_proj_weight={3 * width}x{width}"""


T5 = """shared.weight=32128x4096 encoder.final_layer_norm.weight=4096
    encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight=32x64
    encoder.block.0.layer.0.SelfAttention.q.weight=4096x4096
    encoder.block.23.layer.1.DenseReluDense.wi_1.weight=10240x4096"""


def llm(vocabulary: int, width: int, more: str = "") -> str:
    return f"""model.embed_tokens.weight={vocabulary}x{width} model.norm.weight={width}
    model.layers.0.self_attn.q_proj.weight=4096x{width}
    model.layers.0.mlp.gate_proj.weight=9728x{width} {more}"""


QWEN3 = "model.layers.0.self_attn.q_norm.weight=128"
SEES = "visual.patch_embed.proj.weight=1280x3x2x14x14"

SD1_WHOLE = " ".join((
    under(MODEL, unet(768)), under("first_stage_model.", vae(4)), "alphas_cumprod=1000:F32",
    under("cond_stage_model.transformer.", clip(768, 12)),
))  # fmt: skip
SD2_WHOLE = " ".join((
    under(MODEL, unet(1024)), under("first_stage_model.", vae(4)),
    under("cond_stage_model.model.", open_clip(1024, 24)),
))  # fmt: skip
XL_REST = " ".join((
    under("first_stage_model.", vae(4)),
    under("conditioner.embedders.0.transformer.", clip(768, 12)),
    under("conditioner.embedders.1.model.", open_clip(1280, 32)),
))  # fmt: skip
XL_WHOLE = under(MODEL, unet_xl()) + " " + XL_REST


def sd3(tokens: int, width: int, blocks: int, more: str = "") -> str:
    return f"""pos_embed=1x{tokens}x{width} x_embedder.proj.weight={width}x16x2x2
    context_embedder.weight={width}x4096
    joint_blocks.0.context_block.adaLN_modulation.1.bias={6 * width}
    joint_blocks.0.context_block.attn.qkv.weight={3 * width}x{width}
    joint_blocks.{blocks - 1}.x_block.mlp.fc1.weight={4 * width}x{width} {more}"""


SD3_TEXTS = " ".join((
    under("text_encoders.clip_l.transformer.", clip(768, 12)),
    under("text_encoders.clip_g.transformer.", clip(1280, 32)),
    under("text_encoders.t5xxl.transformer.", T5),
))  # fmt: skip
SD3_DIFFUSERS = """pos_embed.pos_embed=1x36864x1536 pos_embed.proj.weight=1536x16x2x2
    context_embedder.weight=1536x4096 transformer_blocks.0.attn.add_q_proj.weight=1536x1536
    transformer_blocks.23.attn.to_q.weight=1536x1536"""


def flux(inputs: int = 64, guidance: str = "guidance_in.in_layer", norm: str = "scale") -> str:
    embedded = f"{guidance}.weight=3072x256 {guidance}.bias=3072" if guidance else ""
    return f"""img_in.weight=3072x{inputs} txt_in.weight=3072x4096
    vector_in.in_layer.weight=3072x768 time_in.in_layer.weight=3072x256 {embedded}
    double_blocks.0.img_attn.norm.key_norm.{norm}=128:F32
    double_blocks.0.img_attn.qkv.weight=9216x3072
    double_blocks.18.img_mlp.0.weight=12288x3072 single_blocks.37.linear1.weight=21504x3072"""


FLUX_DIFFUSERS = """x_embedder.weight=3072x64 context_embedder.weight=3072x4096
    time_text_embed.text_embedder.linear_1.weight=3072x768
    time_text_embed.guidance_embedder.linear_1.weight=3072x256
    transformer_blocks.0.attn.norm_added_k.weight=128
    single_transformer_blocks.0.proj_mlp.weight=12288x3072"""


def flux2(width: int, text: int, guidance: bool = False) -> str:
    embedded = f"guidance_in.in_layer.weight={width}x256" if guidance else ""
    return f"""img_in.weight={width}x128 txt_in.weight={width}x{text} {embedded}
    double_stream_modulation_img.lin.weight={6 * width}x{width}
    single_stream_modulation.lin.weight={3 * width}x{width}
    double_blocks.0.img_attn.norm.key_norm.scale=128 single_blocks.0.linear1.weight={9 * width}x{width}"""


CHROMA = """img_in.weight=3072x64 txt_in.weight=3072x4096
    distilled_guidance_layer.in_proj.weight=5120x64 distilled_guidance_layer.in_proj.bias=5120
    double_blocks.0.img_attn.norm.key_norm.scale=128 single_blocks.0.linear1.weight=21504x3072"""
Z_IMAGE = """cap_embedder.0.weight=2560 cap_embedder.1.weight=3840x2560 x_embedder.weight=3840x64
    noise_refiner.0.attention.qkv.weight=11520x3840 layers.0.attention.qkv.weight=11520x3840
    layers.0.adaLN_modulation.0.weight=15360x256 layers.29.feed_forward.w1.weight=10240x3840"""
LUMINA2 = """cap_embedder.0.weight=2304 cap_embedder.1.weight=2304x2304
    x_embedder.weight=2304x64 noise_refiner.0.attention.qkv.weight=3840x2304
    layers.0.attention.qkv.weight=3840x2304 layers.25.feed_forward.w1.weight=9216x2304"""
QWEN = """img_in.weight=3072x64 txt_in.weight=3072x3584 txt_norm.weight=3584
    time_text_embed.timestep_embedder.linear_1.weight=3072x256
    transformer_blocks.0.img_mod.1.weight=18432x3072
    transformer_blocks.59.attn.add_q_proj.weight=3072x3072"""
SANA = """x_embedder.proj.weight=2240x32x1x1 y_embedder.y_proj.fc1.weight=2240x2304
    t_block.1.weight=13440x2240 blocks.0.cross_attn.q_linear.weight=2240x2240
    blocks.0.cross_attn.q_linear.bias=2240 blocks.0.mlp.depth_conv.conv.weight=11200x1x3x3"""
PIXART = """x_embedder.proj.weight=1152x4x2x2 t_block.1.weight=6912x1152
    y_embedder.y_proj.fc1.weight=1152x4096 y_embedder.y_embedding=300x4096
    blocks.0.cross_attn.q_linear.weight=1152x1152 blocks.27.mlp.fc1.weight=4608x1152"""


def gguf(words: str) -> str:
    """As quantisers leave it: what is small in full."""
    return " ".join(
        word if ":" in word or "x" in word.rpartition("=")[2] else word + ":F32"
        for word in words.split()
    )


def kohya(modules: str, rank: int = 16) -> str:
    """`NAME=OUTxIN` each, as down, up and alpha."""
    words = []
    for module in modules.split():
        name, _, shape = module.rpartition("=")
        out, inner = shape.split("x")
        words += [f"{name}.lora_down.weight={rank}x{inner}", f"{name}.lora_up.weight={out}x{rank}"]
        words.append(f"{name}.alpha=-")
    return " ".join(words)


def peft(modules: str, down: str = "lora_A", up: str = "lora_B", rank: int = 16) -> str:
    words = []
    for module in modules.split():
        name, _, shape = module.rpartition("=")
        out, inner = shape.split("x")
        words += [f"{name}.{down}.weight={rank}x{inner}", f"{name}.{up}.weight={out}x{rank}"]
    return " ".join(words)


DOWN = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
TE_MLP = "text_model_encoder_layers_0_mlp_fc1"
XL_KOHYA = (
    "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k=640x2048"
    f" lora_te1_{TE_MLP}=3072x768 lora_te2_{TE_MLP}=5120x1280"
)
FLUX_KOHYA = """lora_unet_double_blocks_0_img_attn_qkv=9216x3072
    lora_unet_double_blocks_0_img_mlp_0=12288x3072 lora_unet_single_blocks_0_linear1=21504x3072"""

NO, EPS = "distilled: no", "prediction: epsilon"
STUBS: tuple[Stub, ...] = (
    # SD 1.x
    Stub("v1-5-pruned-emaonly.safetensors", f"checkpoint | SD 1.x | base | fp32 | original | {EPS}; {NO}", SD1_WHOLE, "F32"),
    Stub("dreamshaper_8.safetensors", f"checkpoint | SD 1.x | base | fp16 | original | {EPS}; {NO}", SD1_WHOLE),
    Stub("sd-v1-5-inpainting.safetensors", f"denoiser | SD 1.x | inpainting | fp16 | original | {EPS}; {NO}", under(MODEL, unet(768, 9))),
    Stub("instruct-pix2pix-00-22000.safetensors", f"denoiser | SD 1.x | instruct-pix2pix | fp16 | original | {EPS}; {NO}", under(MODEL, unet(768, 8))),
    Stub("unet.safetensors", f"denoiser | SD 1.x | base | fp16 | original | {EPS}; {NO}", unet(768)),
    Stub("diffusion_pytorch_model.fp16.safetensors", f"denoiser | SD 1.x | base | fp16 | diffusers | {EPS}; {NO}", unet_diffusers(768)),
    Stub("dreamshaper_8LCM.safetensors", f"checkpoint | SD 1.x | base | fp16 | original | {EPS}; distilled: LCM", SD1_WHOLE),
    Stub("easyfluff_v11.2-vpred.safetensors", f"checkpoint | SD 1.x | base | bf16 | original | prediction: v; {NO}", SD1_WHOLE, "BF16"),
    # SD 2.x
    Stub("v2-1_768-ema-pruned.safetensors", f"checkpoint | SD 2.x | base | fp16 | original | prediction: v; {NO}", SD2_WHOLE),
    Stub("v2-1_512-ema-pruned.safetensors", f"checkpoint | SD 2.x | base | fp16 | original | {EPS}; {NO}", SD2_WHOLE),
    Stub("512-inpainting-ema.safetensors", f"denoiser | SD 2.x | inpainting | fp32 | original | {EPS}; {NO}", under(MODEL, unet(1024, 9)), "F32"),
    Stub("512-depth-ema.safetensors", f"denoiser | SD 2.x | depth | fp16 | original | {EPS}; {NO}", under(MODEL, unet(1024, 5))),
    Stub("sd2-unet.safetensors", f"denoiser | SD 2.x | base | fp16 | diffusers | {EPS}; {NO}", unet_diffusers(1024)),
    # SDXL
    Stub("sd_xl_base_1.0.safetensors", f"checkpoint | SDXL | base | fp16 | original | {EPS}; {NO}", XL_WHOLE),
    Stub("ponyDiffusionV6XL.safetensors", f"checkpoint | SDXL | base | fp16 | original | lineage: Pony; {EPS}; {NO}", XL_WHOLE),
    Stub("waiIllustriousSDXL_v140.safetensors", f"checkpoint | SDXL | base | fp16 | original | lineage: Illustrious; {EPS}; {NO}", XL_WHOLE),
    Stub("noobaiXLNAIXL_vPred10.safetensors", f"checkpoint | SDXL | base | bf16 | original | lineage: NoobAI; prediction: v; zero terminal SNR: yes; {NO}", XL_WHOLE + " v_pred=0 ztsnr=0", "BF16"),
    Stub("renamed.safetensors", f"checkpoint | SDXL | base | fp16 | original | prediction: v; {NO}", XL_WHOLE, "F16", (("modelspec.prediction_type", "v"), ("modelspec.title", "a model"))),
    Stub("playground-v2.5-1024px-aesthetic.fp16.safetensors", f"checkpoint | SDXL | base | fp16 | original | prediction: EDM; {NO}", XL_WHOLE + " edm_mean=4 edm_std=4"),
    Stub("cosxl.safetensors", f"checkpoint | SDXL | base | fp16 | original | prediction: EDM v; {NO}", XL_WHOLE + " edm_vpred.sigma_max=- edm_vpred.sigma_min=-"),
    Stub("juggernautXL_lightning.safetensors", f"checkpoint | SDXL | base | fp16 | original | {EPS}; distilled: Lightning", XL_WHOLE),
    Stub("sd_xl_base_1.0_inpainting_0.1.safetensors", f"checkpoint | SDXL | inpainting | fp16 | original | {EPS}; {NO}", under(MODEL, unet_xl(9)) + " " + XL_REST),
    Stub("xl-unet-only.safetensors", f"denoiser | SDXL | base | fp16 | original | {EPS}; {NO}", under(MODEL, unet_xl())),
    Stub("xl-unet-diffusers.safetensors", f"denoiser | SDXL | base | fp16 | diffusers | {EPS}; {NO}", UNET_XL_DIFFUSERS),
    Stub("sd_xl_refiner_1.0.safetensors", "checkpoint | SDXL refiner |  | fp16 | original | ", under(MODEL, "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight=768x1280 label_emb.0.0.weight=1536x2560 input_blocks.0.0.weight=384x4x3x3") + " " + under("conditioner.embedders.0.model.", open_clip(1280, 32)) + " " + under("first_stage_model.", vae(4))),
    # SD 3
    Stub("sd3_medium.safetensors", f"checkpoint | SD 3 | 3 medium | fp16 | original | {NO}", under(MODEL, sd3(36864, 1536, 24)) + " " + under("first_stage_model.", vae(16))),
    Stub("sd3_medium_incl_clips_t5xxlfp8.safetensors", f"checkpoint | SD 3 | 3 medium | fp8 e4m3, none | original | {NO}", under(MODEL, sd3(36864, 1536, 24)) + " " + SD3_TEXTS, "F8_E4M3"),
    Stub("sd3.5_medium.safetensors", f"checkpoint | SD 3 | 3.5 medium | bf16 | original | {NO}", under(MODEL, sd3(147456, 1536, 24, "joint_blocks.0.x_block.attn2.qkv.weight=4608x1536")) + " " + under("first_stage_model.", vae(16)), "BF16"),
    Stub("sd3.5_large_turbo.safetensors", "denoiser | SD 3 | 3.5 large | fp16 | original | distilled: Turbo", under(MODEL, sd3(36864, 2432, 38))),
    Stub("sd3-transformer.safetensors", f"denoiser | SD 3 | 3 medium | fp16 | diffusers | {NO}", SD3_DIFFUSERS),
    # FLUX.1, Chroma
    Stub("flux1-dev.safetensors", "denoiser | FLUX.1 | dev | bf16 | original | ", flux(), "BF16"),
    Stub("flux1-schnell.safetensors", "denoiser | FLUX.1 | schnell | bf16 | original | ", flux(guidance=""), "BF16"),
    Stub("flux1-dev-kontext_fp8_scaled.safetensors", "denoiser | FLUX.1 | dev | fp8 e4m3, scale_weight | original | edition: Kontext", under(MODEL, flux()) + f" {MODEL}double_blocks.0.img_attn.qkv.scale_weight=-:F32 scaled_fp8=0", "F8_E4M3"),
    Stub("flux1-dev-fp8-comfy_quant.safetensors", "denoiser | FLUX.1 | dev | fp8 e4m3, weight_scale | original | ", flux(norm="weight") + " double_blocks.0.img_attn.qkv.weight_scale=-:F32 double_blocks.0.img_attn.qkv.comfy_quant=27:U8", "F8_E4M3"),
    Stub("flux1-dev-fp8-e5m2.safetensors", "denoiser | FLUX.1 | dev | fp8 e5m2, none | original | ", flux(), "F8_E5M2"),
    Stub("flux1-fill-dev.safetensors", "denoiser | FLUX.1 | Fill | bf16 | original | ", flux(384), "BF16"),
    Stub("flux1-depth-dev.safetensors", "denoiser | FLUX.1 | Depth / Canny | bf16 | original | ", flux(128), "BF16"),
    Stub("flux1-dev-fp8.safetensors", "checkpoint | FLUX.1 | dev | fp8 e4m3, none | original | ", " ".join((under(MODEL, flux()), under("vae.", vae(16)), SD3_TEXTS)), "F8_E4M3"),
    Stub("flux1-dev-Q4_K_S.gguf", "denoiser | FLUX.1 | dev | Q4_K | original | ", gguf(flux()), "Q4_K", (("general.architecture", "flux"),), "GGUF"),
    Stub("flux1-schnell-Q8_0.gguf", "denoiser | FLUX.1 | schnell | Q8_0 | original | ", gguf(flux(guidance="")), "Q8_0", (), "GGUF"),
    Stub("flux-transformer.safetensors", "denoiser | FLUX.1 | dev | bf16 | diffusers | ", FLUX_DIFFUSERS, "BF16"),
    Stub("Chroma1-HD.safetensors", f"denoiser | Chroma |  | bf16 | original | {NO}", CHROMA, "BF16"),
    Stub("chroma-unlocked-v50-flash-Q5_0.gguf", "denoiser | Chroma |  | Q5_0 | original | distilled: Flash", gguf(CHROMA), "Q5_0", (), "GGUF"),
    Stub("Chroma1-Radiance-v0.2.safetensors", "denoiser | Chroma Radiance |  | bf16 | | ", CHROMA + " nerf_blocks.0.param_generator.weight=9216x3072", "BF16"),
    # FLUX.2
    Stub("flux2-dev.safetensors", "denoiser | FLUX.2 | dev | bf16 | original | distilled: guidance embedded", flux2(6144, 15360, True), "BF16"),
    Stub("flux-2-klein-4b.safetensors", "denoiser | FLUX.2 | klein 4B | bf16 | original | distilled: 4 steps", flux2(3072, 7680), "BF16"),
    Stub("flux-2-klein-base-9b.safetensors", f"denoiser | FLUX.2 | klein 9B | bf16 | original | {NO}", flux2(4096, 12288), "BF16"),
    Stub("flux-2-klein-9b-nvfp4.safetensors", "denoiser | FLUX.2 | klein 9B | nvfp4 | original | distilled: 4 steps", flux2(4096, 12288) + " single_blocks.0.linear1.weight_scale_2=-:F32", "BF16"),
    # others of today
    Stub("z_image_turbo_bf16.safetensors", "denoiser | Z-Image |  | bf16 | original | distilled: Turbo", Z_IMAGE, "BF16"),
    Stub("z_image_base.safetensors", f"denoiser | Z-Image |  | bf16 | original | {NO}", under(MODEL, Z_IMAGE), "BF16"),
    Stub("z-image-transformer.safetensors", "denoiser | Z-Image |  | bf16 | diffusers | ", Z_IMAGE.replace(" x_emb", " all_x_embedder.2-1.weight=3840x64 gone_x_emb"), "BF16"),
    Stub("lumina_2.safetensors", "checkpoint | Lumina 2 |  | bf16 | original | ", " ".join((under(MODEL, LUMINA2), under("text_encoders.gemma2_2b.", llm(256000, 2304, "model.layers.0.post_feedforward_layernorm.weight=2304")), under("vae.", vae(16)))), "BF16"),
    Stub("qwen_image_fp8_e4m3fn.safetensors", f"denoiser | Qwen-Image | 1 | fp8 e4m3, none | diffusers | edition: text to image; {NO}", QWEN, "F8_E4M3"),
    Stub("qwen_image_edit_2509_bf16.safetensors", f"denoiser | Qwen-Image | 1 | bf16 | diffusers | edition: Edit; {NO}", QWEN, "BF16"),
    Stub("qwen_image_layered_bf16.safetensors", f"denoiser | Qwen-Image | Layered | bf16 | diffusers | edition: text to image; {NO}", QWEN + " time_text_embed.addition_t_embedding.weight=2x3072", "BF16"),
    Stub("qwen-image-Q4_0.gguf", f"denoiser | Qwen-Image | 1 | Q4_0 | diffusers | edition: text to image; {NO}", gguf(QWEN), "Q4_0", (), "GGUF"),
    Stub("Sana_1600M_1024px.safetensors", f"denoiser | Sana | 1.6B | fp32 | original | {NO}", SANA, "F32"),
    Stub("Sana_Sprint_1.6B.safetensors", "denoiser | Sana | 1.6B | bf16 | original | distilled: Sprint", SANA + " cfg_embedder.mlp.0.weight=2240x256", "BF16"),
    Stub("PixArt-Sigma-XL-2-1024-MS.safetensors", f"denoiser | PixArt | Sigma | fp32 | original | {NO}", PIXART, "F32"),
    Stub("pixart-transformer.safetensors", f"denoiser | PixArt | Sigma, or Alpha of 512 px | fp32 | diffusers | {NO}", "caption_projection.linear_1.weight=1152x4096 adaln_single.linear.weight=6912x1152 pos_embed.proj.weight=1152x4x2x2", "F32"),
    Stub("PixArt-Sigma-XL-2-512-MS.safetensors", f"denoiser | PixArt | Sigma 512 | fp32 | original | {NO}", PIXART + " pos_embed=1x1024x1152", "F32"),
    Stub("PixArt-XL-2-512x512.safetensors", f"denoiser | PixArt | Alpha | fp32 | original | {NO}", PIXART.replace("300x", "120x") + " pos_embed=1x1024x1152", "F32"),
    Stub("PixArt-XL-2-1024-MS.safetensors", f"denoiser | PixArt | Alpha 1024 | fp32 | original | {NO}", PIXART.replace("300x", "120x") + " csize_embedder.mlp.0.weight=384x256", "F32"),
    # known, not opened
    Stub("krea2.safetensors", "denoiser | Krea 2 |  | bf16 | | ", "txtfusion.projector.weight=3072x4096 first.weight=3072x64", "BF16"),
    Stub("hunyuanimage2.1.safetensors", "denoiser | HunyuanImage |  | bf16 | | ", "img_in.proj.weight=3584x64x1x1 txt_in.individual_token_refiner.blocks.0.adaLN_modulation.1.weight=7168x3584", "BF16"),
    Stub("auraflow_v0.3.safetensors", "denoiser | AuraFlow |  | fp16 | | ", under(MODEL, "double_layers.0.attn.w1q.weight=3072x3072 double_layers.0.attn.w2q.weight=3072x3072 cond_seq_linear.weight=3072x2048 t_embedder.mlp.0.weight=3072x256")),
    Stub("wan2.1_t2v_1.3B_bf16.safetensors", "denoiser | Wan |  | bf16 | | ", "patch_embedding.weight=1536x16x1x2x2 head.modulation=1x2x1536 blocks.0.self_attn.q.weight=1536x1536", "BF16"),
    Stub("control_v11p_sd15_canny.safetensors", "other | ControlNet |  | fp16 | | ", "control_model.time_embed.0.weight=1280x320 control_model.input_hint_block.0.weight=16x3x3x3"),
    # autoencoders
    Stub("vae-ft-mse-840000-ema-pruned.safetensors", "autoencoder | VAE of SD / SDXL |  | fp32 | original | latents of: SD 1.x, 2.x", vae(4), "F32"),
    Stub("sdxl_vae.safetensors", "autoencoder | VAE of SD / SDXL |  | fp16 | original | latents of: SDXL", vae(4)),
    Stub("vae.fp16.safetensors", "autoencoder | VAE of SD / SDXL |  | fp16 | diffusers | ", vae_diffusers(4)),
    Stub("ae.safetensors", "autoencoder | VAE of SD 3 / FLUX.1 |  | fp32 | original | latents of: FLUX.1", vae(16), "F32"),
    Stub("flux2-vae.safetensors", "autoencoder | VAE of FLUX.2 |  | bf16 | original | ", vae(32) + " bn.running_mean=128 bn.running_var=128", "BF16"),
    Stub("qwen_image_vae.safetensors", "autoencoder | VAE of Qwen-Image / Wan |  | bf16 | original | latents of: Qwen-Image", "conv1.weight=32x32x1x1x1 decoder.conv1.weight=384x16x3x3x3 decoder.middle.0.residual.0.gamma=384x1x1x1", "BF16"),
    Stub("taesd_decoder.safetensors", "autoencoder | tiny VAE of SD / SDXL | decoder | fp32 | TAESD | latents of: SD 1.x, 2.x", "1.weight=64x4x3x3 1.bias=64 3.conv.0.weight=64x64x3x3 19.weight=3x64x3x3", "F32"),
    Stub("taef1_encoder.safetensors", "autoencoder | tiny VAE of SD 3 / FLUX.1 | encoder | fp32 | TAESD | latents of: FLUX.1", "0.weight=64x3x3x3 1.conv.0.weight=64x64x3x3 14.weight=16x64x3x3", "F32"),
    # text encoders
    Stub("clip_l.safetensors", "text encoder | CLIP-L |  | fp16 | transformers | ", clip(768, 12)),
    Stub("model.safetensors", "text encoder | CLIP-L |  | fp32 | transformers | ", clip(768, 12, ""), "F32"),
    Stub("clip_g.safetensors", "text encoder | CLIP-G |  | fp16 | transformers | ", clip(1280, 32)),
    Stub("t5xxl_fp16.safetensors", "text encoder | T5-XXL |  | fp16 | transformers | ", T5),
    Stub("t5xxl_fp8_e4m3fn_scaled.safetensors", "text encoder | T5-XXL |  | fp8 e4m3, scale_weight | transformers | ", T5 + " encoder.block.0.layer.0.SelfAttention.q.scale_weight=-:F32 scaled_fp8=0", "F8_E4M3"),
    Stub("t5-v1_1-xxl-encoder-Q5_K_M.gguf", "text encoder | T5-XXL |  | Q5_K | llama.cpp | ", "token_embd.weight=32128x4096 enc.blk.0.attn_q.weight=4096x4096 enc.blk.23.ffn_gate.weight=10240x4096", "Q5_K", (("general.architecture", "t5encoder"),), "GGUF"),
    Stub("qwen_2.5_vl_7b.safetensors", "text encoder | Qwen2.5-VL 7B |  | bf16 | transformers | ", llm(152064, 3584, "model.layers.0.self_attn.q_proj.bias=3584 " + SEES), "BF16"),
    Stub("qwen_3_4b.safetensors", "text encoder | Qwen3 4B |  | bf16 | transformers | ", llm(151936, 2560, QWEN3), "BF16"),
    Stub("Qwen3-8B-Q4_K_M.gguf", "text encoder | Qwen3 8B |  | Q4_K | llama.cpp | ", "token_embd.weight=151936x4096 blk.0.ffn_gate.weight=12288x4096 blk.0.attn_q_norm.weight=128:F32", "Q4_K", (), "GGUF"),
    Stub("gemma_2_2b_fp16.safetensors", "text encoder | Gemma 2 2B |  | fp16 | transformers | ", llm(256000, 2304, "model.layers.0.post_feedforward_layernorm.weight=2304")),
    Stub("mistral_3_small_flux2_bf16.safetensors", "text encoder | Mistral Small 3 |  | bf16 | transformers | ", llm(131072, 5120), "BF16"),
    # LoRA
    Stub("add_detail.safetensors", f"LoRA | SD 1.x |  | fp16 | kohya | {EPS}; {NO}", kohya(f"{DOWN}=320x768 lora_te_{TE_MLP}=3072x768")),
    Stub("sd2-style.safetensors", f"LoRA | SD 2.x |  | fp16 | kohya | {EPS}; {NO}", kohya(f"{DOWN}=320x1024")),
    Stub("pony-style.safetensors", f"LoRA | SDXL |  | bf16 | kohya | lineage: Pony; {EPS}; {NO}", kohya(XL_KOHYA), "BF16", (("ss_base_model_version", "sdxl_base_v1-0"),)),
    Stub("pytorch_lora_weights.safetensors", f"LoRA | SD 1.x |  | fp32 | diffusers | {EPS}; {NO}", "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight=4x768 unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.up.weight=320x4", "F32"),
    Stub("sdxl-peft.safetensors", f"LoRA | SDXL |  | fp16 | diffusers / PEFT | {EPS}; {NO}", peft("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k=640x2048")),
    Stub("sdxl-lokr.safetensors", f"LoRA | SDXL |  | fp16 | LyCORIS, LoKr | {EPS}; {NO}", "lycoris_down_blocks_2_attentions_1_transformer_blocks_9_attn2_to_k.lokr_w1=8x32 lycoris_down_blocks_2_attentions_1_transformer_blocks_9_attn2_to_k.lokr_w2_a=160x8 lycoris_down_blocks_2_attentions_1_transformer_blocks_9_attn2_to_k.lokr_w2_b=8x64 lycoris_down_blocks_2_attentions_1_transformer_blocks_9_attn2_to_k.alpha=-"),
    Stub("sd15-loha.safetensors", f"LoRA | SD 1.x |  | fp16 | kohya, LoHa | {EPS}; {NO}", " ".join(f"{DOWN}.{end}" for end in ("hada_w1_a=320x8", "hada_w1_b=8x768", "hada_w2_a=320x8", "hada_w2_b=8x768", "alpha=-"))),
    Stub("flux-kohya.safetensors", "LoRA | FLUX.1 |  | bf16 | kohya | ", kohya(FLUX_KOHYA), "BF16"),
    Stub("flux-peft.safetensors", "LoRA | FLUX.1 |  | bf16 | diffusers / PEFT | ", peft("transformer.single_transformer_blocks.0.attn.to_q=3072x3072 transformer.transformer_blocks.0.attn.add_q_proj=3072x3072"), "BF16"),
    Stub("flux1-canny-dev-lora.safetensors", "LoRA | FLUX.1 |  | bf16 | BFL | ", peft("double_blocks.0.img_attn.qkv=9216x3072 double_blocks.0.img_mlp.0=12288x3072 img_in=3072x128"), "BF16"),
    Stub("flux-xlabs-realism.safetensors", "LoRA | FLUX.1 |  | bf16 | XLabs | ", " ".join(f"double_blocks.0.processor.{x}.{end}" for x, end in (("qkv_lora1", "down.weight=16x3072"), ("qkv_lora1", "up.weight=9216x16"), ("proj_lora1", "down.weight=16x3072"), ("proj_lora1", "up.weight=3072x16"))), "BF16"),
    Stub("flux-ai-toolkit.safetensors", "LoRA | FLUX.1 |  | bf16 | ComfyUI / ai-toolkit | ", peft("diffusion_model.single_blocks.0.linear1=21504x3072"), "BF16"),
    Stub("klein-lora.safetensors", "LoRA | FLUX.2 | klein 4B | bf16 | ComfyUI / ai-toolkit | distilled: 4 steps", peft("diffusion_model.single_blocks.0.linear1=27648x3072 diffusion_model.double_blocks.0.img_attn.qkv=9216x3072"), "BF16"),
    Stub("qwen-lightning-8steps.safetensors", "LoRA | Qwen-Image |  | bf16 | diffusers / PEFT | edition: text to image; distilled: Lightning", peft("transformer_blocks.0.img_mlp.net.0.proj=12288x3072 transformer_blocks.59.attn.to_q=3072x3072", "lora_down", "lora_up"), "BF16"),
    Stub("z-image-lora.safetensors", "LoRA | Z-Image |  | bf16 | ComfyUI / ai-toolkit | ", peft("diffusion_model.layers.0.attention.to_q=3840x3840"), "BF16"),
    Stub("z-image-lokr.safetensors", "LoRA | Z-Image |  | bf16 | ComfyUI / ai-toolkit, LoKr | ", "diffusion_model.layers.0.attention.to_q.lokr_w1=4x4 diffusion_model.layers.0.attention.to_q.lokr_w2=960x960", "BF16"),
    Stub("sd35-lora.safetensors", f"LoRA | SD 3 | 3.5 large | fp16 | diffusers / PEFT | {NO}", peft("transformer.transformer_blocks.0.attn.to_q=2432x2432 transformer.transformer_blocks.0.attn.add_q_proj=2432x2432")),
    # textual inversion
    Stub("easynegative.safetensors", "embedding | SD 1.x |  | fp32 | | ", "emb_params=8x768", "F32"),
    Stub("sd2-inversion.safetensors", "embedding | SD 2.x |  | fp32 | | ", "emb_params=4x1024", "F32"),
    Stub("negativeXL_D.safetensors", "embedding | SDXL |  | fp16 | | ", "clip_g=4x1280 clip_l=4x768"),
    # unknown stays unknown
    Stub("gpt2.safetensors", "unknown | unknown |  | fp32 | | ", "wte.weight=50257x768 wpe.weight=1024x768 h.0.attn.c_attn.weight=768x2304", "F32"),
    Stub("resnet50.safetensors", "unknown | unknown |  | fp32 | | ", "conv1.weight=64x3x7x7 layer1.0.conv1.weight=64x64x1x1 fc.weight=1000x2048", "F32"),
    Stub("strange-unet.safetensors", "unknown | unknown |  | fp16 | | ", unet(640)),
    Stub("strange-lora.safetensors", "LoRA | unknown |  | fp16 | diffusers / PEFT | ", peft("transformer.strange.0.attn.to_q=640x640")),
    Stub("empty.safetensors", "unknown | unknown |  | unknown | | ", ""),
)  # fmt: skip
