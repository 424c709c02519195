"""Pictures on the screen: scaled, zoomed, tiled."""
