"""The model's report card: every figure with its chance level and its ceiling."""
