"""Words and pictures in one space: tokens, likeness, search, a map."""
