"""How a model is guided: by two calls a step, with the prompt and with the negative one; by a
number that it is told, `EMBEDDED`; or not at all, distilled so or never taught."""

TWO_CALLS, EMBEDDED, NOT_AT_ALL = "two calls", "embedded", "not at all"
