"""Neural networks: shapes in, shapes out. No files, no devices, no training."""
