"""Files of answers as people really write them: what cannot be told is refused with its line, and nothing of theirs is lost."""

import json
from pathlib import Path

import pytest

from koreason.cli import main as koreason

GOOD = {"gold": "7", "response": r"\boxed{7}"}


def refused(path: Path, said: pytest.CaptureFixture[str], *options: str) -> str:
    assert koreason(["score", str(path), *options]) == 2
    [line] = said.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('gold,response\n7,"x\n7,y\n7,z\n', r"not readable as CSV (unexpected end of data)"),
        ("gold,gold,response\n7,8,x\n", "has the column 'gold' twice"),
        ("gold,response\n7,x,y\n", "has another number of fields than the header"),
    ],
)
def test_a_table_that_cannot_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, line: str) -> None:
    (path := tmp_path / "a.csv").write_text(text)
    assert line in refused(path, capsys)


@pytest.mark.parametrize("gold", [["a", None], [], [[True]], [{}], [float("nan")]])
def test_a_gold_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], gold: object) -> None:
    (path := tmp_path / "a.jsonl").write_text(json.dumps(GOOD | {"gold": gold, "kind": "math"}))
    assert f"{path}:1: its gold" in refused(path, capsys)


def test_answers_are_not_overwritten_by_their_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path := tmp_path / "a.jsonl").write_text(json.dumps(GOOD))
    (tmp_path / "same.jsonl").hardlink_to(path)
    for out in (path, tmp_path / "same.jsonl"):
        assert "is one of the files of answers" in refused(path, capsys, "--out", str(out))
    assert json.loads(path.read_text()) == GOOD
    assert koreason(["score", str(path), "--out", str(tmp_path / "new/folder/v.jsonl")]) == 0
    assert json.loads((tmp_path / "new/folder/v.jsonl").read_text())["correct"]


def test_zstd_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path := tmp_path / "a.jsonl.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(9))
    assert "is compressed with zstd" in refused(path, capsys)
