"""The parts of the History workspace. Must not import torch."""
