"""What the denoiser's forward costs over the matrix products in it: what the processor must do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from studio.bench.bench import Bench, Conditions, Row

ALPHA, SIGMA = 0.5, 0.5
GOAL = 1.25


def measure(conditions: Conditions) -> Iterator[Row]:
    import torch

    model, settings = conditions.model, conditions.settings
    for prompts in ([settings.prompt], [settings.prompt, ""]):
        with torch.inference_mode():
            denoiser = model.denoiser(model.condition(prompts))
            shape = (len(prompts), *model.latent_shape(settings.size))
            forward = partial(denoiser, torch.randn(shape, device=model.device), ALPHA, SIGMA)
            calls = products(forward)

            def alone(calls: tuple[Callable[[], Any], ...] = calls) -> None:
                for call in calls:
                    call()

            whole, bare = conditions.fastest(forward, alone, repeats=30)
        name = f"batch {len(prompts)}"
        yield Row(f"{name}: over its own matrix products", whole / bare, "x", GOAL)
        yield Row(f"{name}: one forward", whole * 1000, "ms")


def products(forward: Callable[[], Any]) -> tuple[Callable[[], Any], ...]:
    """Every matrix product and attention of a forward pass, with its inputs, ready to be called
    again: linear layers and attention whole, as the network asks for them."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import flop_registry

    aten = torch.ops.aten
    whole = {aten.linear, aten.matmul, aten.scaled_dot_product_attention, *flop_registry}
    calls: list[Callable[[], Any]] = []

    class Recorder(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            keywords = kwargs or {}
            if func.overloadpacket in whole:
                calls.append(partial(func, *args, **keywords))
                return func(*args, **keywords)
            with self:  # what is made of products is taken apart
                parts = func.decompose(*args, **keywords)
            return func(*args, **keywords) if parts is NotImplemented else parts

    forward()  # what is computed once is not counted
    with Recorder():  # type: ignore[no-untyped-call]
        forward()
    assert calls, "the network multiplies nothing"
    return tuple(calls)


BENCH = Bench("denoiser", "one forward of the denoiser over its own matrix products", measure)
