"""Autoencoders in files of their own, by latent channels; several families share each."""

from studio.models.probe.rule import AUTOENCODER, Family, Hint, Rule


def kl(channels: int, more: str = "") -> tuple[Rule, ...]:
    first = f"decoder.conv_in.weight=512x{channels}x3x3 {more} "
    return (
        Rule(AUTOENCODER, first + "decoder.mid.block_1.*", layout="original"),
        Rule(AUTOENCODER, first + "decoder.mid_block.resnets.0.*", layout="diffusers"),
    )


def tiny(channels: int) -> tuple[Rule, ...]:
    """TAESD: either half in a file of its own, or both as diffusers keeps them."""
    decoder = f"1.weight=64x{channels}x3x3 3.conv.0.weight"
    encoder = f"0.weight=64x3x3x3 *.weight={channels}x64x3x3"
    return (
        Rule(AUTOENCODER, decoder, "", {"decoder": ""}, "TAESD"),
        Rule(AUTOENCODER, encoder, "", {"encoder": ""}, "TAESD"),
        Rule(AUTOENCODER, f"decoder.layers.0.weight=64x{channels}x3x3", layout="diffusers"),
    )


def either(**named: str) -> tuple[Hint, ...]:
    return tuple(Hint("latents of", v, t, kinds=(AUTOENCODER,)) for v, t in named.items())


SD_NAMES = either(
    **{"SDXL": "xl", "SD 1.x, 2.x": r"mse|ema|840000|kl-f8|sd[12]|v1-5|(?<![a-z])taesd(?!xl|3)"}
)
BIG_NAMES = either(
    **{"FLUX.1": r"flux|taef1|(?<![a-z])ae(?![a-z])|z.?image|chroma", "SD 3": "sd3|sd_?3"}
)
WAN = "decoder.conv1.weight=384x16x3x3x3 decoder.middle.0.residual.0.gamma"
WAN_DIFFUSERS = "decoder.conv_in.weight=384x16x3x3x3 decoder.mid_block.resnets.0.norm1.gamma"
SANA = "decoder.conv_in.weight=1024x32x3x3 decoder.up_blocks.0.*"

FAMILIES = (
    Family("VAE of SD / SDXL", kl(4), SD_NAMES),
    Family("VAE of SD 3 / FLUX.1", kl(16), BIG_NAMES),
    Family("VAE of FLUX.2", kl(32, "bn.running_mean=128")),
    Family(
        "VAE of Qwen-Image / Wan",
        (
            Rule(AUTOENCODER, WAN, layout="original"),
            Rule(AUTOENCODER, WAN_DIFFUSERS, layout="diffusers"),
        ),
        either(**{"Qwen-Image": "qwen", "Wan": "wan"}),
    ),
    Family(
        "VAE of Sana (DC-AE)",
        (
            Rule(
                AUTOENCODER, "decoder.stages.1.op_list.0.main.conv.conv.weight", "", {}, "original"
            ),
            Rule(AUTOENCODER, SANA, "decoder.mid_block.*", layout="diffusers"),
        ),
    ),
    Family("tiny VAE of SD / SDXL", tiny(4), SD_NAMES),
    Family("tiny VAE of SD 3 / FLUX.1", tiny(16), BIG_NAMES),
    Family("tiny VAE of FLUX.2", tiny(32)),
)
