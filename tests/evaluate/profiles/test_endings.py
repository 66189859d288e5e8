"""Endings of answers, labelled by people who saw no rule: what `robust` makes of them, and by name what it gets wrong."""

import json
from pathlib import Path

import pytest

from koreason.evaluate.profiles.readings import Asked
from koreason.evaluate.reading import read_answers

LABELLED = Path(__file__).parents[1] / "labelled"
# Of each set: rows; how many were judged as labelled before a rule was made of it (measured once); and what is still judged otherwise.
SETS = {
    "endings_first": (360, 268, {"e031", "e255", "e275", "e283", "e346"}, set()),
    "endings_second": (320, 298, {"f012", "f056", "f089", "f122", "f300"}, {"f049"}),
}


@pytest.mark.parametrize("name", SETS)
def test_labelled_endings(name: str) -> None:
    rows = [json.loads(line) for line in (LABELLED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    count, unseen, missed, credited = SETS[name]
    asked = [Asked(row["kind"], row["question"], tuple(row["options"] or ()), _gold(row)) for row in rows]
    read = read_answers([(one, row["response"], "stop") for one, row in zip(asked, rows, strict=True)], ["robust"])
    verdicts = {row["id"]: found.verdict == "correct" for row, [found] in zip(rows, read, strict=True)}
    assert {row["id"] for row in rows if row["correct"] and not verdicts[row["id"]]} == missed
    assert {row["id"] for row in rows if not row["correct"] and verdicts[row["id"]]} == credited
    assert len(rows) == count and count - len(missed) - len(credited) > unseen


def _gold(row: dict[str, str]) -> str:
    """The label of an option that is given by its number, else the value."""
    return chr(ord("A") + int(row["gold"]) - 1) if row["kind"] == "choice" else row["gold"]
