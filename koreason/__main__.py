"""`python -m koreason`: see `koreason/cli.py`."""

from koreason.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
