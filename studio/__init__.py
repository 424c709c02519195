"""Latent Studio: a desktop studio for latent image generation."""

__version__ = "0.1.0"
