"""The mathematics of diffusion: paths, predictions, denoisers, guidance, noise, schedules,
samplers. Read in that order.

One notation throughout: x = alpha x0 + sigma epsilon, x0 the data, epsilon
standard normal noise, lambda = log(alpha / sigma). Importing this package does not import torch;
nothing in it may import networks, files or Qt, nor choose devices.
"""
