"""What the Reconstruct workspace may choose from, without torch."""

from studio.models.registry import list_autoencoders

__all__ = ["list_autoencoders"]
