"""The Gaussian mixture that the tests of this folder hold samplers against."""

from studio.diffusion.mixture import Mixture

__all__ = ["Mixture"]
