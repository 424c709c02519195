"""Generate's beginnings: a picture to start from, its mask, noise near other noise."""
