"""A generator in one file, or in a file a part: what it is, where its parts are, how it opens."""
