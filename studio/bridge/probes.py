"""The ways to look inside a latent, without torch."""

from __future__ import annotations

from studio.engine.probes import all_probes

__all__ = ["all_probes"]
