"""What the tests of cleaned texts share: the catalogue's languages, and rows as a source has them."""

import functools
import json
from pathlib import Path
from typing import Any

import polars as pl

from koreason.config.effects import given
from koreason.config.files.layers import read_language
from koreason.config.load import load
from koreason.curate.spec import PromptLanguage
from koreason.curate.text.cleaned import cleaned
from koreason.records.digests import canonical

HOME = Path(__file__).resolve().parents[3]
LABELLED = Path(__file__).parents[1] / "labelled"
COLUMNS = {"question": pl.String(), "passage": pl.String(), "answer": pl.String(), "url": pl.String(), "options": pl.List(pl.String())}


def entry_of(name: str) -> dict[str, Any]:
    """What `clean` is given of an entry of the catalogue, its keys in the file's order."""
    return given("clean", "languages", read_language(HOME / "config" / "languages" / f"{name}.yaml"))


@functools.cache
def language(name: str = "ko") -> PromptLanguage:
    """The same as the rules give it, its keys sorted."""
    return load(PromptLanguage, json.loads(canonical(entry_of(name))))


def rows(questions: list[str | None], **columns: list[Any]) -> pl.DataFrame:
    """Prompts by their questions and further columns; null where none is given."""
    given = {"question": questions, **columns}
    return pl.DataFrame({name: given.get(name, [None] * len(questions)) for name in COLUMNS}, schema=COLUMNS)


def clean(*questions: str | None, html: bool = True, mask: bool = True, name: str = "ko", **columns: list[Any]) -> pl.DataFrame:
    """Rows cleaned."""
    return cleaned(rows(list(questions), **columns), language(name), html=html, mask=mask)


def text(question: str, html: bool = True, mask: bool = True) -> str:
    """One question cleaned."""
    found: str = clean(question, html=html, mask=mask)["question"][0]
    return found


def halves() -> list[Path]:
    """The labelled sets: `seen` was there while rules were written, `blind` and then `second` were measured once and then learnt from;
    `third` is measured and not learnt from."""
    return [LABELLED / name for name in ("seen", "blind", "second", "third") if (LABELLED / name).is_dir()]
