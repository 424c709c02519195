"""The tour: the curriculum stop by stop, each shown in the workspace where it is at home."""
