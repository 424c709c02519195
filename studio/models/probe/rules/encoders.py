"""Text encoders in files of their own, by vocabulary and width, as ComfyUI and transformers keep
them, and as GGUF; and textual inversions, by the widths they are made for."""

from studio.models.probe.rule import EMBEDDING, ENCODER, Family, Rule


def clip(width: int, last: int) -> tuple[Rule, ...]:
    """transformers 5 leaves `text_model.` out; OpenCLIP names differ."""
    words, norm = f"token_embedding.weight=49408x{width}", "layer_norm1.weight"
    whole = f"text_model.embeddings.{words} text_model.encoder.layers.{last}.{norm}"
    short = f"embeddings.{words} encoder.layers.{last}.{norm}"
    other = f"{words} transformer.resblocks.{last - 1}.attn.in_proj_weight"
    after = f"*encoder.layers.{last + 1}.* vision_model.*"
    return (
        Rule(ENCODER, whole, after, layout="transformers"),
        Rule(ENCODER, short, after, layout="transformers"),
        Rule(ENCODER, other, f"visual.* transformer.resblocks.{last + 1}.*", layout="OpenCLIP"),
    )


def llm(
    vocabulary: int, width: int, more: str = "", no: str = "", gguf: str = ""
) -> tuple[Rule, ...]:
    words = f"{vocabulary}x{width}"
    first = f"*embed_tokens.weight={words} *layers.0.mlp.gate_proj.weight {more}"
    other = f"token_embd.weight={words} blk.0.ffn_gate.weight {gguf}"
    return Rule(ENCODER, first, no, {}, "transformers"), Rule(ENCODER, other, "", {}, "llama.cpp")


def t5(vocabulary: int, more: str = "", no: str = "") -> tuple[Rule, ...]:
    words = f"*.weight={vocabulary}x4096"
    first = f"encoder.block.23.layer.1.DenseReluDense.wi_1.weight {words} {more}"
    other = f"enc.blk.23.ffn_gate.weight {words}"
    return Rule(ENCODER, first, no, {}, "transformers"), Rule(ENCODER, other, "", {}, "llama.cpp")


def qwen3(width: int) -> tuple[Rule, ...]:
    norm = "*layers.0.self_attn.q_norm.weight"
    return llm(151936, width, norm, "*visual.*", "blk.0.attn_q_norm.weight")


VISUAL = "*layers.0.self_attn.q_norm.weight *visual.deepstack_merger_list.0.*"
BIAS = "*layers.0.self_attn.q_proj.bias"
BIASED = "encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight"  # UMT5
GEMMA = "*layers.0.post_feedforward_layernorm.weight"
QWEN3_VL = llm(151936, 2560, VISUAL)[:1] + llm(151936, 4096, VISUAL)[:1]
GLM = (Rule(ENCODER, "*embedding.word_embeddings.weight=65024x4096"),)

FAMILIES = (
    Family("CLIP-L", clip(768, 11)),
    Family("CLIP-G", clip(1280, 31)),
    Family("CLIP-H", clip(1024, 22)),
    Family("T5-XXL", t5(32128, no=BIASED)),
    Family("UMT5-XXL", t5(256384, BIASED), supported=False),
    Family("Qwen2.5-VL 7B", llm(152064, 3584, BIAS, "", "blk.0.attn_q.bias")),
    Family("Qwen3 0.6B", qwen3(1024)),
    Family("Qwen3 4B", qwen3(2560)),
    Family("Qwen3 8B", qwen3(4096)),
    Family("Qwen3-VL", QWEN3_VL),
    Family("Gemma 2 2B", llm(256000, 2304, GEMMA)),
    Family("Mistral Small 3", llm(131072, 5120)),
    Family("Llama 3.1 8B", llm(128256, 4096), supported=False),
    Family("ChatGLM 3", GLM, supported=False),
    Family("SD 1.x", (Rule(EMBEDDING, "*=?x768", most=1), Rule(EMBEDDING, "*=768", most=1))),
    Family("SD 2.x", (Rule(EMBEDDING, "*=?x1024", most=1), Rule(EMBEDDING, "*=1024", most=1))),
    Family("SDXL", (Rule(EMBEDDING, "clip_l=?x768 clip_g=?x1280", most=2),)),
)
