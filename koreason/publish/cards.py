"""Cards as the hub reads them: facts in YAML above, then text.

    card("data.md", {"license": "other"}, facts)      # the text of a README.md

The text stands in templates beside this file; what it is given it shows as text, whatever it contains.
"""

import itertools
from pathlib import Path
from typing import Any

import jinja2
import yaml

from koreason.shown import printable

HERE = Path(__file__).parent
STEPS = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")  # from 1,000 on, each ten times the one before
SIZES = ((10**3, "n<1K"), *((10 ** (4 + place), f"{low}<n<{high}") for place, (low, high) in enumerate(itertools.pairwise(STEPS))))


def card(template: str, head: dict[str, Any], facts: dict[str, Any]) -> str:
    """A card of one of the templates."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        undefined=jinja2.StrictUndefined,
        finalize=only_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters |= {"whole": "{:,}".format, "cell": cell, "fenced": fenced}
    front = yaml.safe_dump({key: value for key, value in head.items() if value not in (None, [], "")}, allow_unicode=True, sort_keys=False)
    return f"---\n{front}---\n\n{environment.get_template(template).render(facts)}"


def only_shown(value: Any) -> Any:
    """What stands on the card, without characters that would act on whoever reads it, in a terminal or on the hub."""
    return printable(value) if isinstance(value, str) else value


def cell(text: Any) -> str:
    """A text on one line, in a sentence or a table's cell, and none of its signs mean anything."""
    plain = " ".join(str(text).split())
    return "".join("\\" + letter if letter in "\\`*_{}[]<>#|&~$!" else letter for letter in plain)


def fenced(text: str, kind: str = "text") -> str:
    """A text between fences that are longer than any in it."""
    longest = max((len(run) for run in "".join(letter if letter == "`" else " " for letter in text).split()), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{kind}\n{text}\n{fence}"


def size_of(rows: int) -> str:
    """The hub's word for a number of rows."""
    return next((word for limit, word in SIZES if rows < limit), "n>1T")
