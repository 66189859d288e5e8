"""How the report's pages are rendered: their templates, their words and their style.

environment().from_string("{{ share | percent }}").render(share=0.5)     # "50.0%"
"""

import base64
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup

from koreason.report import reasons, words
from koreason.report.charts.svg import PALETTE
from koreason.shown import printable

HERE = Path(__file__).parent


def only_shown(value: object) -> object:
    """What stands in the page, without characters that would act there; what is markup of ours has been seen to."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def environment(*folders: Path) -> jinja2.Environment:
    """Templates, of these folders and of the report's, that escape all that is put into them, and refuse what is not defined."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=only_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    said = (reasons.say, words.percent, words.points, words.plus_minus, words.span, words.whole, words.tenth)
    found.filters.update({function.__name__: function for function in said})
    found.globals.update(stages=words.STAGES, verdict_words=words.VERDICTS)
    return found


def script() -> str:
    """The page's one script."""
    return (HERE / "page.js").read_text(encoding="utf-8")


def script_hash() -> str:
    """By which the page's policy knows its script: no other one runs, but what this one loads."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()


def style() -> str:
    """The pages' style sheet."""
    return PALETTE.read_text(encoding="utf-8") + (HERE / "page.css").read_text(encoding="utf-8")
