"""`python -m koreason SUBCOMMAND ...` inside an environment, which `bin/koreason` has picked: see `koreason/cli.py`."""

import sys

if __name__ == "__main__":
    try:
        from koreason.cli import main

        status = main(sys.argv[1:], alone=True)
    except KeyboardInterrupt:  # also while modules are read
        status = 130
    raise SystemExit(status)
