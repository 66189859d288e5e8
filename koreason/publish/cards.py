"""Cards as the hub reads them: facts in YAML above, then text.

    card("data.md", {"license": "other"}, facts)      # the text of a README.md

The text stands in templates beside this file; what it is given it shows as text, whatever it contains.
"""

from pathlib import Path
from typing import Any

import jinja2
import yaml

HERE = Path(__file__).parent
SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"), (10**8, "10M<n<100M"))


def card(template: str, head: dict[str, Any], facts: dict[str, Any]) -> str:
    """A card of one of the templates."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters |= {"whole": "{:,}".format, "cell": cell, "fenced": fenced}
    front = yaml.safe_dump({key: value for key, value in head.items() if value not in (None, [], "")}, allow_unicode=True, sort_keys=False)
    return f"---\n{front}---\n\n{environment.get_template(template).render(facts)}"


def cell(text: Any) -> str:
    """A text in a cell of a table: on one line, and none of its signs mean anything."""
    plain = " ".join(str(text).split())
    return "".join("\\" + letter if letter in "\\`*_{}[]<>#|" else letter for letter in plain)


def fenced(text: str) -> str:
    """A text between fences that are longer than any in it."""
    longest = max((len(run) for run in "".join(letter if letter == "`" else " " for letter in text).split()), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def size_of(rows: int) -> str:
    """The hub's word for a number of rows."""
    return next((word for limit, word in SIZES if rows < limit), "n>100M")
