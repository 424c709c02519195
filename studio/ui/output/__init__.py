"""What comes out of the studio: latents decoded into pictures, and what is written to files."""
