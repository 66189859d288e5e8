"""`koreason source add` and `try`: from a dump to an entry that ingest reads."""

import json
from pathlib import Path

import pytest
import yaml

from koreason.cli import main
from koreason.config.files.layers import layered
from koreason.curate.sourcing.add import insert
from koreason.errors import UserError
from koreason.home import HOME

CATALOGUE = """# mine
run: {experiments: []}
sources:   # dumps
    # the first
    old:
        format: placeholder
pools: {}
"""


def dump(folder: Path, files: int = 1) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in range(files):
        rows = [{"질문": f"{file} {row} 번째 질문은 무엇에 대한 것인가요? " * 3, "답변": "답"} for row in range(3)]
        (folder / f"{file:04}.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return folder


def entry(into: Path, name: str) -> dict:
    return yaml.safe_load(into.read_text(encoding="utf-8"))["sources"][name]


@pytest.mark.parametrize("files", [1, 30])
def test_what_is_added_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], files: int) -> None:
    folder, into = dump(tmp_path / "forum", files), tmp_path / "my.yaml"
    into.write_text(CATALOGUE, encoding="utf-8")
    assert main(["source", "add", str(folder), "--category", "Daily", "--licence", "B", "--into", str(into)]) == 0
    assert into.read_text(encoding="utf-8").replace(CATALOGUE.split("dumps\n")[1], "").startswith("# mine\n")
    found = entry(into, "forum")
    assert found["columns"] == {"question": ["질문"], "answer": ["답변"]}
    assert list(found["files"]) == (["*.jsonl"] if files > 1 else ["0000.jsonl"])
    spec = {key: value for key, value in found.items() if key not in ("category", "licence")}
    (tmp_path / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    out = tmp_path / "out"
    assert main(["ingest", "--source", "forum", "--spec", f"@{tmp_path}/spec.json", "--out", str(out)]) == 0
    assert json.loads((out / "manifest.json").read_text())["counts"]["accepted"] == 3 * files
    capsys.readouterr()
    assert main(["source", "try", "forum", "--configfile", str(into)]) == 0
    assert main(["source", "add", str(folder), "--category", "Daily", "--licence", "B", "--into", str(into)]) == 2
    assert "has an entry 'forum' already" in capsys.readouterr().err
    assert main(["ingest", "--source", "forum", "--spec", f"@{tmp_path}/none.json", "--out", str(out)]) == 2
    assert "cannot be read" in capsys.readouterr().err
    (folder / "0000.jsonl").write_text("{}")
    assert main(["ingest", "--source", "forum", "--spec", f"@{tmp_path}/spec.json", "--out", str(out)]) == 2
    assert main(["source", "try", str(folder)]) == (0 if files > 1 else 2)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", "sources:\n  n:\n    format: csv\n"),
        ("run: 1", "run: 1\nsources:\n  n:\n    format: csv\n"),
        ("sources: {}  # none\nrun: 1\n", "sources:   # none\n  n:\n    format: csv\nrun: 1\n"),
        ("sources:\n  # first\n  a: {format: csv}\n", "sources:\n  n:\n    format: csv\n  # first\n  a: {format: csv}\n"),
        ("sources:\n    a: {}\n", "sources:\n    n:\n      format: csv\n    a: {}\n"),
        ("sources:\nrun: 1\n", "sources:\n  n:\n    format: csv\nrun: 1\n"),
        ("sources: {a: {}}\n", None),
        ("[1]", None),
        ("a: [", None),
    ],
)
def test_an_entry_is_written_into_a_file_as_people_wrote_it(tmp_path: Path, text: str, after: str | None) -> None:
    into = tmp_path / "my.yaml"
    into.write_text(text)
    if after is None:
        with pytest.raises(UserError):
            insert(into, "n", {"format": "csv"})
    else:
        insert(into, "n", {"format": "csv"})
    assert into.read_text() == (text if after is None else after)


def test_added_without_a_file_it_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = dump(tmp_path / "forum")
    assert main(["source", "add", str(folder), "--name", "x"]) == 0
    text = capsys.readouterr().out
    assert yaml.safe_load(text)["sources"]["x"]["category"] == "CATEGORY"
    assert "# language: 100% of the questions' letters are Hangul" in text
    for words in (["--into", str(tmp_path / "a.yaml")], ["--name", "a b"]):
        assert main(["source", "add", str(folder), *words]) == 2
    assert main(["source", "add", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "a.yaml").exists()


def test_a_trial_shows_what_is_kept_and_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["source", "try", str(HOME / "data/demo/forum.jsonl.gz")]) == 0
    text = capsys.readouterr().out
    assert "encoding utf-8" in text and "rejected: 2 not_json, first at forum.jsonl.gz record 44" in text
    assert "of 88 prompts" in text and "too_short" in text
    assert text.count("\n  kept ") == 20
    demo = ["--configfile", str(HOME / "config/demo.yaml")]
    monkeypatch.setenv("KOREASON_HOME", str(HOME))
    for name, entry_of in layered([HOME / "config/demo.yaml"])["sources"].items():
        assert main(["source", "try", name, *demo]) == (2 if "pool" in entry_of else 0)
        told = capsys.readouterr()
        assert "there is no dump to try" in told.err or "the thresholds of the pool demo count" in told.out
    assert main(["source", "try", "none", *demo]) == 2
    assert "is no file, no folder and no source" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_trial_obeys_no_terminal_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"질문": "\x1b[31m빨간 질문은 무엇인가요? " * 5, "url": "\x1b]0;title\x07"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row), encoding="utf-8")
    assert main(["source", "try", str(tmp_path / "a.jsonl")]) == 0
    assert "\x1b" not in capsys.readouterr().out
