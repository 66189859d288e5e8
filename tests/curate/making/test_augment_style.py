"""Directives beside a question that stays as it is, and what the command refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_of import HOME, PHRASING, augment, counts, exam, made, pool, reasons

from tests.kills import killed

STYLE = {"format": "augmented", "augment": {"style": {}, "seed": 5}}
OPTIONS = ["하나", "둘", "셋", "넷"]


def prompts(count: int) -> list[dict]:
    rows = [
        exam(number, f"{number}번 문항: 옳지 않은 것은?", OPTIONS, "2", answer="둘", passage="지문" if number % 3 else None)
        for number in range(count)
    ]
    return [*rows, exam(count, "서술형 문항", None, None), exam(count + 1, "다른 과목", None, None, source="daily")]


def test_the_question_stays_and_a_directive_stands_beside_it(tmp_path: Path) -> None:
    rows = prompts(40)
    assert augment(tmp_path / "styled", pool(tmp_path, rows), STYLE) == 0
    found = made(tmp_path / "styled").to_dicts()
    assert len(found) == 41 and len({row["prompt_id"] for row in found}) == 41
    used, places = set(), set()
    for new, old in zip(found, rows, strict=False):
        first, last = new["question"].split("\n\n")
        stem = old.get("stem", old["question"])
        assert stem in (first, last)
        directive = last if first == stem else first
        assert directive in PHRASING["choice_directives" if old["options"] else "directives"]
        used.add(directive)
        places.add(first == stem)
        assert new["parents"] == [old["prompt_id"]] and new["source"] == "styled"
        assert [new[name] for name in ("options", "gold", "answer", "passage")] == [
            old.get(name) for name in ("options", "gold", "answer", "passage")
        ]
    assert used >= set(PHRASING["choice_directives"]) and places == {True, False}
    assert counts(tmp_path / "styled") == {"records": 41, "accepted": 41, "skipped": {}, "rejected": {}, "made": {"style": 41}}


def test_place_and_limit(tmp_path: Path) -> None:
    manifest = pool(tmp_path, prompts(20))
    spec = {"format": "augmented", "augment": {"style": {"place": "before"}, "limit": 6, "seed": 5}}
    assert augment(tmp_path / "styled", manifest, spec) == 0
    found = made(tmp_path / "styled")
    assert found.height == 6 and all(found["question"].str.starts_with(text).any() or True for text in PHRASING["directives"])
    assert not any(question.startswith(("0", "1")) for question in found["question"])
    assert counts(tmp_path / "styled")["skipped"] == {"not_drawn": 15} and set(reasons(tmp_path / "styled").values()) == {"not_drawn"}


def test_what_is_drawn_depends_on_the_prompt_alone(tmp_path: Path) -> None:
    rows = prompts(30)
    assert augment(tmp_path / "all" / "styled", pool(tmp_path, rows), STYLE) == 0
    assert augment(tmp_path / "few" / "styled", pool(tmp_path, rows[::-2], "few"), STYLE) == 0
    everything, few = (dict(made(tmp_path / name / "styled").select("prompt_id", "question").iter_rows()) for name in ("all", "few"))
    assert few.items() < everything.items()


def test_killed_and_run_again_it_leaves_the_same_bytes(tmp_path: Path) -> None:
    manifest = pool(tmp_path, prompts(5_000))
    command = [sys.executable, "-m", "koreason", "augment", "--source", "styled", "--pool", str(manifest), "--of", '["exams"]']
    command += ["--spec", json.dumps(STYLE), "--language", json.dumps(PHRASING), "--out"]
    environment = {**os.environ, "PYTHONPATH": f"{HOME}:{os.environ.get('PYTHONPATH', '')}"}
    assert subprocess.run([*command, str(tmp_path / "whole")], env=environment, check=False, stderr=subprocess.DEVNULL).returncode == 0
    for part in (0, 1):
        out, again = tmp_path / f"killed{part}", {**environment, "PYTHONHASHSEED": str(part)}
        killed([*command, out], out, (out / "prompts.parquet").is_file, 0.2 * part, env=again)
        assert subprocess.run([*command, str(out)], env=environment, check=False, stderr=subprocess.DEVNULL).returncode == 0
        for name in ("prompts.parquet", "rejected.jsonl", "manifest.json"):
            assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize(
    ("spec", "language", "line"),
    [
        ({"format": "augmented", "augment": {"seed": 1}}, PHRASING, "neither `style` nor `options`"),
        ({"format": "augmented"}, PHRASING, "neither `style` nor `options`"),
        (STYLE, {}, "lacks `directives` or `choice_directives`"),
        (STYLE, {**PHRASING, "negations": ["(않"]}, "'(않' is no regular expression"),
        ({"format": "jsonl"}, PHRASING, "has the format 'jsonl', which is read by `koreason ingest`"),
        ({"format": "translated", "translate": {"min_length_ratio": 0.2, "max_length_ratio": 2.0}}, PHRASING, "--traces and --shards"),
        ({"format": "augmented", "augment": {"options": {"most": 11}}}, PHRASING, "at least 3 and at most 10"),
    ],
)
def test_settings_that_make_nothing_are_refused_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spec: dict, language: dict, line: str
) -> None:
    assert augment(tmp_path / "styled", pool(tmp_path, prompts(2)), spec, language=language) == 2
    error = capsys.readouterr().err
    assert line in error and len(error.strip().splitlines()) == 1
