"""The formats a model can be in: every module here with a FORMAT is one (`format.Format`).

A module's top level must not import torch: listing models must not need it.
"""
