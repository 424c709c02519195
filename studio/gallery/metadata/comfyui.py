"""ComfyUI's `prompt`: the graph of nodes that was run, walked back from what was saved."""

from __future__ import annotations

import re

from studio.core.errors import DataError
from studio.gallery.metadata.foreign import Foreign, Format, Lost, loras, quoted
from studio.gallery.metadata.found import Texts, document, file_name, words
from studio.gallery.metadata.graph import Graph, Met, Node

GRAPH, WORKFLOW = "prompt", "workflow"
_TEXTS = ("text", "text_g", "text_l", "clip_l", "clip_g", "t5xxl", "bert", "mt5xl", "prompt")
_MODELS = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name")
_CONDITIONS = ("conditioning", "cond", "positive", "negative")
_PICTURES = ("latent_image", "latent", "samples", "pixels", "image", "images")  # and latents
_GUIDED = {"positive", "guider", "text_embeds"}
_SAVES = re.compile(r"save|output", re.I)
_SHOWS = re.compile(r"preview|show", re.I)
_PLAIN_CONDITIONS = re.compile(
    r"combine|concat|average|zeroout|reroute|guidance|bridge|loader", re.I
)
_PLAIN_MODELS = re.compile(r"load|checkpoint|lora|RescaleCFG|reroute", re.I)
_SCHEDULERS = {
    "KarrasScheduler": "karras",
    "ExponentialScheduler": "exponential",
    "PolyexponentialScheduler": "polyexponential",
    "BetaSamplingScheduler": "beta",
    "SDTurboScheduler": "turbo",
    "AlignYourStepsScheduler": "align_your_steps",
}
_SAMPLERS = {
    "SamplerEulerAncestral": "euler_ancestral",
    "SamplerEulerAncestralCFGPP": "euler_ancestral_cfg_pp",
    "SamplerEulerCFGpp": "euler_cfg_pp",
    "SamplerDPMPP_2M_SDE": "dpmpp_2m_sde",
    "SamplerDPMPP_3M_SDE": "dpmpp_3m_sde",
    "SamplerDPMPP_SDE": "dpmpp_sde",
    "SamplerDPMPP_2S_Ancestral": "dpmpp_2s_ancestral",
    "SamplerDPMAdaptative": "dpm_adaptive",
    "SamplerLMS": "lms",
    "SamplerER_SDE": "er_sde",
    "SamplerSASolver": "sa_solver",
    "SamplerLCMUpscale": "lcm",
}
_SHIFTED = ("ModelSamplingSD3", "ModelSamplingAuraFlow")


def read(texts: Texts) -> Foreign | None:
    """From the graph. Raises DataError for a graph that draws nothing, or an editor's alone."""
    if GRAPH not in texts:
        if WORKFLOW in texts:
            raise DataError(
                "Only ComfyUI's workflow is inside, without the values that were run; open it in"
                " ComfyUI and save the picture anew."
            )
        return None
    if not texts[GRAPH].lstrip().startswith(("{", "[")):
        raise DataError("A prompt is inside as plain words, but none of the settings beside it.")
    return _foreign(Graph.of(document(texts[GRAPH], "Its ComfyUI graph")))


def _foreign(graph: Graph) -> Foreign:
    sampler, notes = _first_sampler(graph)
    guider = graph.behind(sampler.inputs.get("guider")) or sampler
    chosen = graph.behind(sampler.inputs.get("sampler")) or sampler
    sigmas = _sigmas(graph, sampler)
    models = list(graph.chain(graph.behind(guider.inputs.get("model")), "model", ""))
    latent = _latent(graph, sampler)
    ways = ("positive", "conditioning", "text_embeds")
    positive = next((guider.inputs[name] for name in ways if name in guider.inputs), None)
    left_out: dict[str, None] = {}
    prompt = _prompt(graph, positive, "positive", left_out, notes)
    opposite = guider.inputs.get("negative", guider.inputs.get("text_embeds"))
    negative = _prompt(graph, opposite, "negative", left_out, notes)
    others = (n.kind for n in models if n.kind not in _SHIFTED and not _PLAIN_MODELS.search(n.kind))
    left_out.update(dict.fromkeys(others))
    return Foreign(
        prompt=prompt,
        negative="" if negative is None else negative,
        sampler=_sampler(graph, chosen, sampler),
        schedule=graph.value(sigmas, "scheduler") or _SCHEDULERS.get(sigmas.kind, ""),
        steps=graph.value(sigmas, "steps", numeric=True),
        guidance=graph.value(guider, "cfg", numeric=True),
        seed=_seed(graph, sampler),
        width=graph.value(latent, "width", "empty_latent_width", numeric=True),
        height=graph.value(latent, "height", "empty_latent_height", numeric=True),
        model=_model(graph, models, sampler),
        shift=next((graph.value(n, "shift") for n in models if n.kind in _SHIFTED), None),
        rescale=next(
            (graph.value(n, "multiplier") for n in models if n.kind == "RescaleCFG"), None
        ),
        strength=graph.value(sigmas, "denoise"),
        options=tuple((name, graph.value(chosen, name)) for name in ("eta", "s_noise")),
        left_out=tuple(left_out),
        notes=(*notes, *_loras(graph, models), *_notes_on_guidance(graph, guider, positive)),
    )


def _sampler(graph: Graph, chosen: Node, sampler: Node) -> object:
    named = graph.value(chosen, "sampler_name") or _SAMPLERS.get(chosen.kind)
    return named or (Lost(chosen.kind) if chosen is not sampler else "")


def _seed(graph: Graph, sampler: Node) -> object:
    """That of its noise; where another sampler's latents bring the noise, it is lost."""
    noise = graph.behind(sampler.inputs.get("noise")) or sampler
    before = graph.behind(sampler.inputs.get("latent_image"))
    if before is not None and sampler.inputs.get("add_noise") == "disable":
        return Lost(before.kind)
    return graph.value(noise, "noise_seed", "seed", numeric=True)


def _first_sampler(graph: Graph) -> tuple[Node, list[str]]:
    """Of the samplers that lead to what was saved, the one that starts from no other's latents,
    and a note on the others. Raises DataError."""
    known = {node.name: node for node in graph.nodes.values() if _samples(node)}
    if not known:
        raise DataError("Its ComfyUI graph has no sampler that is known here.")
    found = _saved_from(graph, known) or list(known.values())
    first = found[0]
    for node in graph.chain(first, *_PICTURES, ""):
        first = known.get(node.name, first)
    others = [f"Only the first of {len(found)} samplers is here."] if len(found) > 1 else []
    return first, others


def _samples(node: Node) -> bool:
    names = set(node.inputs)
    return bool(_GUIDED & names) and ("sampler" in node.kind.lower() or {"steps", "cfg"} <= names)


def _saved_from(graph: Graph, known: dict[str, Node]) -> list[Node]:
    """The samplers behind the first picture that was saved (or, if none was, shown), nearest
    first."""
    ends = [
        node
        for pattern in (_SAVES, _SHOWS)
        for node in graph.nodes.values()
        if pattern.search(node.kind) and any(name in node.inputs for name in _PICTURES)
    ]
    for names in (_PICTURES, ("",)):
        seen: set[str] = set()
        for end in ends:
            nodes = graph.before(end, names, seen)
            if found := [node for node in nodes if node.name in known]:
                return found
    return []


def _sigmas(graph: Graph, sampler: Node) -> Node:
    """The node that says how many steps and where: the sampler itself or its scheduler."""
    found = sampler
    for node in graph.chain(graph.behind(sampler.inputs.get("sigmas")), "sigmas"):
        found = node
    return found


def _latent(graph: Graph, sampler: Node) -> Node | None:
    """The node that gives the size."""
    for node in graph.chain(graph.behind(sampler.inputs.get("latent_image")), *_PICTURES, ""):
        if {"width", "empty_latent_width"} & set(node.inputs):
            return node
    return None


def _prompt(
    graph: Graph, link: object, role: str, left_out: dict[str, None], notes: list[str]
) -> str | Lost | None:
    """All the texts that lead to one conditioning, in the graph's order, joined by commas; None
    where there is none, Lost where none of them is known."""
    texts: dict[str, None] = {}
    met, seen = Met(), set[str]()
    waiting = [graph.behind(link)]
    while waiting:
        node = waiting.pop()
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        links = [] if node.kind == "ConditioningZeroOut" else _conditions(node, role)
        if links and not _PLAIN_CONDITIONS.search(node.kind):
            left_out[node.kind] = None
        if not links and node.kind != "ConditioningZeroOut":
            texts.update(_said(graph, node, role, met))
        waiting.extend(graph.behind(each) for each in reversed(links))
    said = ", ".join(filter(None, texts))
    label = "prompt" if role == "positive" else "negative prompt"
    if said:
        notes += [
            f"A part of the {label} comes from '{quoted(k)}', not known here." for k in met.lost
        ]
    notes += [f"The {label} passed through '{quoted(k)}' and may be another." for k in met.unsure]
    if said or not met.lost:
        return said if seen else None
    return Lost(next(iter(met.lost)))


def _said(graph: Graph, node: Node, role: str, met: Met) -> dict[str, None]:
    named = [node.inputs[n] for n in (*_TEXTS, role, f"{role}_prompt") if n in node.inputs]
    if not named:
        found = [graph.text_of(node, met)]
    else:
        found = [graph.text(value, met) for value in named if isinstance(value, str | list)]
    return {text.strip(): None for text in found if text is not None}


def _conditions(node: Node, role: str) -> list[object]:
    """The links to what a conditioning is made of; of a pair, the one of this role."""
    if isinstance(node.inputs.get(role), list) and {"positive", "negative"} <= set(node.inputs):
        return [node.inputs[role]]
    return [
        value
        for name, value in node.inputs.items()
        if isinstance(value, list) and name.lower().startswith(_CONDITIONS)
    ]


def _model(graph: Graph, models: list[Node], sampler: Node) -> str:
    for node in (*models, sampler):
        if base := file_name(graph.value(node, *_MODELS)):
            stem, _, suffix = base.rpartition(".")
            return stem if suffix.lower() in ("safetensors", "ckpt", "sft", "gguf", "pt") else base
    return ""


def _loras(graph: Graph, models: list[Node]) -> tuple[str, ...]:
    names = [words(graph.value(node, "lora_name")) for node in models]
    for node in models:
        for value in node.inputs.values():  # the kind of loader that holds several
            if isinstance(value, dict) and value.get("on", True):
                names.append(words(value.get("lora")))
    return loras(names)


def _notes_on_guidance(graph: Graph, guider: Node, positive: object) -> list[str]:
    for node in graph.chain(graph.behind(positive), "conditioning"):
        distilled = graph.value(node, "guidance")
        if distilled is not None:
            return [f"The model's own guidance {quoted(distilled)} was left out."]
    return []


FORMAT = Format("ComfyUI", 5, read)
