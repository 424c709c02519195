"""Latent Studio: a desktop studio for latent image generation."""
