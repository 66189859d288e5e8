"""What single entries say that no stage could work with: patterns of languages, retries, stops, scorers.

found = list(settings(run))

Each is tried by the function that its stage tries it by.
"""

import dataclasses
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from koreason.checking.finding import Finding, Run, kept
from koreason.config.effects import given
from koreason.config.joined.made import is_made
from koreason.config.load import load
from koreason.curate.augment import check as check_making
from koreason.curate.making.spec import Making, Phrasing
from koreason.curate.overlap.segment import segmenter
from koreason.curate.spec import PromptLanguage, Segmentation, Talk
from koreason.curate.text.patterns import refuse_broken
from koreason.engine.spec import Sampling, check_sampling
from koreason.errors import UserError
from koreason.evaluate.spec import Scoring, check_profiles
from koreason.select.replies import refuse_broken_refusals
from koreason.select.spec import Refusing
from koreason.trace.spec import Recipe, check_retry

T = TypeVar("T")


def settings(run: Run) -> Iterator[Finding]:
    """What is wrong with entries by themselves."""
    found: list[Finding] = []
    for name, entry in run.entries("languages"):
        _language(name, entry, bool(run.jobs), found)
    for name, entry in run.entries("sources"):
        if is_made(entry):
            with kept(found, f"sources.{name}", run.due("augment", source=name)):
                spoken = run.config["languages"][run.config["pools"][entry["pool"]]["language"]]
                shards = [Path()] if entry["format"] == "translated" else []
                check_making(_of(Making, "augment", "sources", entry), _of(Phrasing, "augment", "languages", spoken), shards, name)
    for name, entry in run.entries("recipes"):
        with kept(found, f"recipes.{name}", run.due("trace", recipe=name)):
            check_sampling(load(Sampling, entry["sampling"]))
            check_retry(_of(Recipe, "trace", "recipes", entry))
    for name, entry in run.entries("benches"):
        with kept(found, f"benches.{name}", run.due("generate", bench=name)):
            check_sampling(load(Sampling, entry["sampling"]))
        with kept(found, f"benches.{name}", run.due("score", bench=name)):
            check_profiles(_of(Scoring, "score", "benches", entry))
    yield from found


def _language(name: str, entry: dict[str, Any], touches: bool, found: list[Finding]) -> None:
    where = f"languages.{name}"
    with kept(found, where, touches):
        refuse_broken(_of(PromptLanguage, "clean", "languages", entry))
    with kept(found, where, touches):
        talk = _of(Talk, "sketch", "languages", entry)
        for field in dataclasses.fields(Talk):
            _try(getattr(talk, field.name), field.name)
    with kept(found, where, touches):
        cut = _of(Segmentation, "decontaminate", "languages", entry)
        if cut.segmenter != "kiwi":  # which takes seconds to start
            segmenter(cut)
        elif importlib.util.find_spec("kiwipiepy") is None:
            raise UserError("kiwipiepy is not installed", "segmenter", "use `words`, or add kiwipiepy to envs/data.in")
    with kept(found, where, touches):
        refuse_broken_refusals(_of(Refusing, "select", "languages", entry))


def _try(pattern: str, name: str) -> None:
    try:
        pl.Series(["x"]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        raise UserError(f"is no regular expression ({' '.join(str(error).split())[:160]})", name, "mend it") from None


def _of(kind: type[T], rule: str, table: str, entry: dict[str, Any]) -> T:
    """The part of an entry that a rule is given, as its command reads it."""
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    found: T = load(kind, {key: value for key, value in given(rule, table, entry).items() if key in names})
    return found
