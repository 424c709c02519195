"""The one owner of the device: requests in, events out.

Importing it does not import torch (its thread does).
"""
