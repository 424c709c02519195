"""The benches, a file each. Adding a bench is adding a file; see `studio.bench.bench`."""
