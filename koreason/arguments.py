"""Numbers on the command line, within bounds: what lies outside is the user's mistake, told before anything is read.

parser.add_argument("--seed", type=whole(0), default=1)     # `--seed -1`: at least 0
"""

import argparse
from collections.abc import Callable


def whole(least: int) -> Callable[[str], int]:
    """A type of argparse: a whole number of at least so much."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is too small: at least {least}")
        return number

    return read
