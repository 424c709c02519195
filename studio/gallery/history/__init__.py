"""The history of finished pictures: an index over the PNG files, and what the user says of them.

`index.History` is the way in.
"""
