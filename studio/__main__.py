"""`latent-studio`, `python -m studio` and main.py: the window, or a verb; imports only that."""

from __future__ import annotations

import sys

from studio.engine import threads


def main() -> int:
    """Opens the window when there are no arguments, else runs the verb; the exit code."""
    threads.before_torch()
    if arguments := sys.argv[1:]:
        from studio import cli

        return cli.main(arguments)
    from studio import app

    return app.main(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
