"""ComfyUI's `prompt`: the graph of nodes that was run, walked back from its sampler.

A graph is {"3": {"class_type": "KSampler", "inputs": {"steps": 20, "model": ["4", 0]}}, ...}; a
list of a node's name and an output's number is a link. Must not import Qt or torch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from studio.core.errors import DataError
from studio.gallery.metadata.foreign import Foreign, nearest, quoted
from studio.gallery.metadata.found import Format, Found, Texts, document

SOURCE = "ComfyUI"
GRAPH, WORKFLOW = "prompt", "workflow"
_VALUES = ("value", "text", "string", "int", "float", "number", "seed", "noise_seed", "prompt")
_TEXTS = ("text", "text_g", "text_l", "clip_l", "clip_g", "t5xxl", "bert", "mt5xl", "prompt")
_MODELS = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name")
_CONDITIONS = ("conditioning", "cond", "positive", "negative")
_PICTURES = ("latent_image", "latent", "samples", "pixels", "image", "images")  # and latents
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


def find(texts: Texts, models: Collection[str]) -> Found | None:
    """From the graph. Raises DataError for a graph that draws nothing, or an editor's alone."""
    if GRAPH not in texts:
        if WORKFLOW in texts:
            raise DataError(
                "Only ComfyUI's workflow is inside, without the values that were run; open it in"
                " ComfyUI and save the picture anew."
            )
        return None
    graph = Graph.of(document(texts[GRAPH], "Its ComfyUI graph"))
    settings, notes = nearest(_foreign(graph), models)
    return Found(settings, SOURCE, notes)


@dataclass(frozen=True)
class Node:
    """One step of the graph; `inputs` are values or links."""

    name: str
    kind: str
    inputs: dict[str, Any]


@dataclass(frozen=True)
class Graph:
    """Nodes by name. Links may lead nowhere or in circles; every walk here ends all the same."""

    nodes: dict[str, Node]

    @classmethod
    def of(cls, graph: dict[str, Any]) -> Graph:
        """Leaves out what is no node."""
        nodes = {}
        for name, node in graph.items():
            if isinstance(node, dict) and isinstance(node.get("inputs"), dict):
                kind = node.get("class_type")
                nodes[name] = Node(name, kind if isinstance(kind, str) else "", node["inputs"])
        return cls(nodes)

    def behind(self, value: object) -> Node | None:
        """The node that a link leads to; None for a value that is no link, or leads nowhere."""
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int):
            return self.nodes.get(str(value[0]))
        return None

    def value(self, node: Node | None, *names: str) -> Any:
        """The first input of these names that has a value, followed through nodes that hold one."""
        for name in names:
            current, asked = node, name
            seen: set[str] = set()
            while current is not None and current.name not in seen:
                seen.add(current.name)
                held = [current.inputs[n] for n in (asked, *_VALUES) if n in current.inputs]
                if current is node:
                    held = [current.inputs[name]] if name in current.inputs else []
                if not held:
                    break
                if not isinstance(held[0], list | dict):
                    return held[0]
                current = self.behind(held[0])
        return None

    def chain(self, node: Node | None, *names: str) -> Iterator[Node]:
        """The nodes that follow each other through links of these names, each once."""
        seen: set[str] = set()
        while node is not None and node.name not in seen:
            seen.add(node.name)
            yield node
            links = (self.behind(node.inputs.get(name)) for name in names)
            node = next((each for each in links if each is not None), None)


def _foreign(graph: Graph) -> Foreign:
    sampler, notes = _first_sampler(graph)
    guider = graph.behind(sampler.inputs.get("guider")) or sampler
    noise = graph.behind(sampler.inputs.get("noise")) or sampler
    chosen = graph.behind(sampler.inputs.get("sampler")) or sampler
    sigmas = _sigmas(graph, sampler)
    models = list(graph.chain(graph.behind(guider.inputs.get("model")), "model"))
    latent = _latent(graph, sampler)
    positive = guider.inputs.get("positive", guider.inputs.get("conditioning"))
    return Foreign(
        prompt=_prompt(graph, positive, "positive"),
        negative=_prompt(graph, guider.inputs.get("negative"), "negative"),
        sampler=_words(graph.value(chosen, "sampler_name")) or _SAMPLERS.get(chosen.kind, ""),
        schedule=_words(graph.value(sigmas, "scheduler")) or _SCHEDULERS.get(sigmas.kind, ""),
        steps=graph.value(sigmas, "steps"),
        guidance=graph.value(guider, "cfg"),
        seed=graph.value(noise, "noise_seed", "seed"),
        width=graph.value(latent, "width", "empty_latent_width"),
        height=graph.value(latent, "height", "empty_latent_height"),
        model=_model(graph, models, sampler),
        shift=next((graph.value(n, "shift") for n in models if n.kind in _SHIFTED), None),
        rescale=next(
            (graph.value(n, "multiplier") for n in models if n.kind == "RescaleCFG"), None
        ),
        strength=graph.value(sigmas, "denoise"),
        options=tuple((name, graph.value(chosen, name)) for name in ("eta", "s_noise")),
        notes=(*notes, *_loras(graph, models), *_notes_on_guidance(graph, guider, positive)),
    )


def _first_sampler(graph: Graph) -> tuple[Node, list[str]]:
    """The sampler that starts from no other's latents, and a note on the others.

    Raises DataError.
    """
    found = {
        node.name: node
        for node in graph.nodes.values()
        if "sampler" in node.kind.lower() and {"positive", "guider"} & set(node.inputs)
    }
    if not found:
        raise DataError("Its ComfyUI graph has no sampler that is known here.")
    first = next(iter(found.values()))
    for node in graph.chain(first, *_PICTURES):
        first = found.get(node.name, first)
    others = [f"Only the first of {len(found)} samplers is here."] if len(found) > 1 else []
    return first, others


def _sigmas(graph: Graph, sampler: Node) -> Node:
    """The node that says how many steps and where: the sampler itself or its scheduler."""
    found = sampler
    for node in graph.chain(graph.behind(sampler.inputs.get("sigmas")), "sigmas"):
        found = node
    return found


def _latent(graph: Graph, sampler: Node) -> Node | None:
    """The node that gives the size."""
    for node in graph.chain(graph.behind(sampler.inputs.get("latent_image")), *_PICTURES):
        if {"width", "empty_latent_width"} & set(node.inputs):
            return node
    return None


def _prompt(graph: Graph, link: object, role: str) -> str:
    """All the texts that lead to one conditioning, in the graph's order, joined by commas."""
    texts: dict[str, None] = {}
    seen: set[str] = set()
    waiting = [graph.behind(link)]
    while waiting:
        node = waiting.pop()
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        if node.kind == "ConditioningZeroOut":
            continue
        links = _conditions(node, role)
        if not links:
            said = (graph.value(node, name) for name in (*_TEXTS, role))
            texts.update((text.strip(), None) for text in said if isinstance(text, str))
        waiting.extend(graph.behind(each) for each in reversed(links))
    return ", ".join(filter(None, texts))


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
        name = _words(graph.value(node, *_MODELS))
        if name:
            base = name.replace("\\", "/").rsplit("/", 1)[-1]
            stem, _, suffix = base.rpartition(".")
            return stem if suffix.lower() in ("safetensors", "ckpt", "sft", "gguf", "pt") else base
    return ""


def _loras(graph: Graph, models: list[Node]) -> list[str]:
    names = [_words(graph.value(node, "lora_name")) for node in models]
    for node in models:
        for value in node.inputs.values():  # the kind of loader that holds several
            if isinstance(value, dict) and value.get("on", True):
                names.append(_words(value.get("lora")))
    return [f"LoRA '{quoted(name)}' was left out." for name in names if name]


def _notes_on_guidance(graph: Graph, guider: Node, positive: object) -> list[str]:
    for node in graph.chain(graph.behind(positive), "conditioning"):
        distilled = graph.value(node, "guidance")
        if distilled is not None:
            return [f"The model's own guidance {quoted(distilled)} was left out."]
    return []


def _words(value: object) -> str:
    return value if isinstance(value, str) else ""


FORMAT = Format(SOURCE, 3, find)
