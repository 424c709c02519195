"""The pictures on disk: one list of them, its rows and thumbnails, for all that show them."""
