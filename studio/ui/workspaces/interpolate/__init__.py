"""The parts of the Interpolate workspace."""
