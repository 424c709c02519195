"""No arguments: the window. A verb: the same work without one (`python main.py --help`)."""

from studio.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main())
