"""The 2-D laboratory: particles under several samplers, beside what is exactly true."""
