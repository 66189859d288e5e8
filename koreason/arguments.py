"""Numbers on the command line, within bounds: what lies outside is the user's mistake, told before anything is read.

parser.add_argument("--seed", type=whole(0), default=1)     # `--seed -1`: at least 0
"""

import argparse
import math
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


def above_zero(most: float = math.inf) -> Callable[[str], float]:
    """A type of argparse: a finite number above 0, and at most so much."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
        if not (0 < number <= most and number < math.inf):
            raise argparse.ArgumentTypeError(f"{text} is out of bounds: above 0" + (f", at most {most:g}" if most < math.inf else ""))
        return number

    return read
