"""What the Reconstruct workspace may choose from, without torch."""

from studio.engine.probes import all_probes
from studio.models.registry import list_autoencoders

__all__ = ["all_probes", "list_autoencoders"]
