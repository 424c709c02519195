"""Training losses, one file an idea. Functions on tensors."""
