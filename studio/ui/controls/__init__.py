"""Controls: each has `edited` (what the user did), `set_value` and a keyboard path."""
