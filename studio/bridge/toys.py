"""Which trained toy networks there are: for the window, which does not look into models/.

Must not import torch.
"""

from studio.models.toys import toy_sources

__all__ = ["toy_sources"]
