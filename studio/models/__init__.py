"""What is on disk -> a ready Model. One file a format in `formats/`, found by the registry."""
