"""The verbs: every module here with a VERB is one. Adding a verb is adding a file."""
