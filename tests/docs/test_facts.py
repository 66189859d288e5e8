"""A fact is born in one place: what is listed in a second one, docs and the page's words, is held against the first.

So a new filter, verdict, format, family or column that is only half there fails here, with the name of what is missing.
"""

import ast
import re
import typing
from enum import StrEnum
from pathlib import Path

import pytest

from koreason import tables
from koreason.answers.compared import BY_FINISH
from koreason.config.joined.made import MADE
from koreason.curate import spec as curate_spec
from koreason.curate.reading.readers import READERS
from koreason.evaluate import reading
from koreason.languages import SCRIPTS, Script
from koreason.report import reasons, words
from koreason.switching.spec import COLUMNS


def page(home: Path, name: str) -> str:
    """A page of the docs."""
    return (home / "docs" / f"{name}.md").read_text(encoding="utf-8")


def not_in(text: str, names: typing.Iterable[str]) -> list[str]:
    """Names that do not stand in a text as `name`."""
    return [name for name in names if f"`{name}`" not in text]


def calls(home: Path, name: str) -> list[ast.Call]:
    """Every call of a name in koreason."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (home / "koreason").rglob("*.py")]
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [node for node in found if isinstance(node.func, ast.Name) and node.func.id == name]


def test_every_drop_reason_has_its_row_in_the_docs(home: Path) -> None:
    assert not not_in(page(home, "curate") + page(home, "made"), reasons.PROMPTS)
    assert not not_in(page(home, "select"), reasons.TRACES)
    packed = {call.args[0].value for call in calls(home, "Unfit") if isinstance(call.args[0], ast.Constant)}
    assert packed and not not_in(" ".join(page(home, "train").split()), packed)


def test_a_name_in_both_tables_has_the_same_few_words() -> None:
    both = reasons.PROMPTS.keys() & reasons.TRACES.keys()
    assert both and all(reasons.PROMPTS[name].words == reasons.TRACES[name].words for name in both)


def test_a_reason_without_its_sentence_is_refused_by_name() -> None:
    def too_blue() -> None:
        """Too blue"""

    class Odd(StrEnum):
        """Attributes:
        known: known. It has a sentence.
        """

        known = "known"
        forgotten = "forgotten"

    with pytest.raises(ValueError, match="Too blue"):
        reasons.of_functions((too_blue,))
    with pytest.raises(ValueError, match="a few words, a full stop and a sentence"):
        reasons.of_names(Odd)


def test_the_page_is_made_anew_when_a_sentence_changes(home: Path) -> None:
    """The rule `page` names every module whose docstrings the page reads."""
    tree = ast.parse((home / "koreason" / "report" / "reasons.py").read_text(encoding="utf-8"))
    ours = [node for node in tree.body if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("koreason.")]
    read = {f"{node.module}.{name.name}" if name.name == "filters" else str(node.module) for node in ours for name in node.names}
    read |= {function.__module__ for function in reasons.traces.FILTERS}
    rule = (home / "rules" / "report.smk").read_text(encoding="utf-8")
    assert not [module for module in read if f'"{module}"' not in rule]


def test_every_verdict_has_words_and_docs(home: Path) -> None:
    assert set(reading.VERDICTS) == set(words.VERDICTS) and not not_in(page(home, "evaluate"), reading.VERDICTS)
    assert set(BY_FINISH.values()) <= set(reading.VERDICTS)


def test_every_stage_that_leaves_a_record_has_a_name_on_the_page(home: Path) -> None:
    names = [call.args[1] for call in calls(home, "Stage") if len(call.args) > 1]
    stages = {str(name.value) for name in names if isinstance(name, ast.Constant)}
    assert stages - {"report"} <= set(words.STAGES)


def test_every_format_is_read_and_documented(home: Path) -> None:
    formats = set(typing.get_args(curate_spec.Format))
    assert formats == {*READERS, "datasets", "placeholder", *MADE} and not not_in(page(home, "curate"), formats)


def test_every_script_has_its_characters() -> None:
    assert set(typing.get_args(Script)) == set(SCRIPTS)


@pytest.mark.parametrize(
    ("contract", "name"),
    [
        (tables.PROMPTS, "curate"),
        (tables.POOL, "curate"),
        (tables.DROPPED, "curate"),
        (tables.TRACES, "trace"),
        (COLUMNS, "measures"),
        (tables.JUDGED, "measures"),
        (tables.MIX, "select"),
        (tables.UNDRAWN, "select"),
        (tables.GENERATIONS, "evaluate"),
        (tables.SCORED, "evaluate"),
        (tables.READINGS, "evaluate"),
    ],
)
def test_every_column_stands_on_its_stage_s_page(home: Path, contract: tables.Contract, name: str) -> None:
    assert not not_in(page(home, name), contract)


def test_every_family_stands_on_the_page_of_training(home: Path) -> None:
    listed = re.search(r"FAMILIES = (\(.*\))", (home / "koreason" / "pretrained" / "keys.py").read_text(encoding="utf-8"))
    assert listed and not not_in(page(home, "train"), ast.literal_eval(listed[1]))
