"""One secret, home, mail address, telephone and resident number in every text that goes in: found where texts lie, and nowhere else.

Stages with engines, and the page of a whole run, are searched in `tests/demo/test_taste_leaks.py`, over a run that is made anyway.
"""

import contextlib
import gzip
import io
import json
import logging
from pathlib import Path

import chain
import polars as pl
import pytest

from koreason.cli import main
from koreason.records.digests import sha256_file
from tests.report.report_tree import build

KOREAN = '{"scripts": ["Hangul"]}'
SECRET = "hf_QkVTVFNFQ1JFVEVWRVI"
HOME = "/home/kim-minsu-77"
PERSONAL = {"mail": "minsu.kim77@example.com", "telephone": "010-9876-5432", "resident number": "900101-2345678"}
PLANTED = f"연락은 {' , '.join(PERSONAL.values())} 으로 주시고 제 폴더는 {HOME}/notes 이며 열쇠는 $HF_TOKEN 입니다. 세 수의 합이 12일 때 곱의 최댓값은?"
# What holds texts because that is what it is for: tables of prompts, what was rejected of a dump, answers.
TEXTS = (".parquet", "rejected.jsonl", "rejected.jsonl.gz", "rows.jsonl", "segments.jsonl")


def found(folder: Path, words: str) -> list[str]:
    """Files below a folder that hold some words, compressed ones and names among them."""
    hits = []
    for path in sorted(folder.rglob("*")):
        if words in path.name:
            hits.append(str(path))
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
            if words.encode() in data:
                hits.append(str(path))
    return hits


def beside_texts(hits: list[str]) -> list[str]:
    return [hit for hit in hits if not hit.endswith(TEXTS)]


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "in").mkdir()
    rows = [{"q": f"{PLANTED} {number}", "u": f"https://example.com/{PERSONAL['mail']}"} for number in range(6)]
    rows += [{"q": None, "u": PLANTED}, {"q": "x" * 9, "u": PLANTED}]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows] + [f'{{"q": "{PLANTED}', PLANTED]
    (tmp_path / "in" / "forum.jsonl").write_text("\n".join(lines) + "\n")
    items = [{"id": str(n), "question": f"{PLANTED} {n}", "options": [PLANTED, "다른 것"], "gold": "A"} for n in range(3)]
    (tmp_path / "in" / "bench.jsonl").write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))
    traces = [{"instruction": f"{PLANTED} {n}", "response": f"<think>\n{PLANTED}\n</think>\n{PLANTED}"} for n in range(4)]
    (tmp_path / "in" / "traces.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in traces))
    return tmp_path


def files(folder: Path, name: str) -> dict[str, object]:
    return {"root": str(folder / "in"), "files": {name: sha256_file(folder / "in" / name)}, "max_reject_share": 1.0}


def test_stages_of_curation_leave_personal_data_in_tables_of_texts_alone(planted: Path) -> None:
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    out = planted / "results"
    forum = {"format": "jsonl", "columns": {"question": ["q"], "url": ["u"]}, "html": False} | files(planted, "forum.jsonl")
    imported = {"format": "jsonl", "shape": "instruction_response"} | files(planted, "traces.jsonl")
    bench = {"kind": "choice", "file": str(planted / "in" / "bench.jsonl"), "sha256": sha256_file(planted / "in" / "bench.jsonl")}
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        assert main(["ingest", "--source", "forum", "--spec", json.dumps(forum), "--out", str(out / "sources/forum")]) == 0
        assert chain.clean(out / "cleaned/forum", out / "sources/forum/manifest.json", mask=True) == 0
        assert chain.sketch(out / "sketches/forum", out / "cleaned/forum/manifest.json") == 0
        pool = {"min_target_share": 0.0, "min_chars": 1, "max_chars": 10**6, "drop_image_dependent": False, "min_chars_beside_image": 150}
        assert chain.decide(out, ["forum"], pool) == 0
        assert main(["bench", "--spec", json.dumps(bench), "--out", str(out / "bench")]) == 0
        assert (
            main(
                [
                    "import-traces",
                    "--name",
                    "w",
                    "--language",
                    KOREAN,
                    "--spec",
                    json.dumps(imported),
                    "--shard",
                    "00000-of-00001",
                    "--out",
                    str(out / "traces/00000-of-00001"),
                ]
            )
            == 0
        )
        for wrong in (["--spec", json.dumps(forum | {"files": {"forum.jsonl": "0" * 64}})], ["--spec", PLANTED]):
            assert main(["ingest", "--source", "forum", *wrong, "--out", str(out / "wrong")]) == 2
    logging.getLogger().removeHandler(handler)
    assert found(out, PERSONAL["mail"]), "nothing was planted"
    (planted / "results" / "log.txt").write_text(said.getvalue().replace(PLANTED, "", 1))  # the argument that is no JSON is shown cut
    assert found(planted, SECRET) == []
    for name, data in PERSONAL.items():
        assert beside_texts(found(out, data)) == [], name
    # what was cleaned for a pool that masks holds none any more
    for data in PERSONAL.values():
        assert data not in str(pl.read_parquet(out / "cleaned/forum/texts.parquet")["question"].to_list())


def test_the_page_of_planted_texts_shows_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    tree = build(tmp_path / "run", question=PLANTED, note="Told with $HF_TOKEN")
    assert tree.report() == 0
    assert "세 수의 합이 12일 때" in tree.page(), "the sample is shown"
    for name, data in {**PERSONAL, "secret": SECRET, "host path": str(tmp_path)}.items():
        assert [hit for hit in found(tree.out, data) if not hit.endswith("run.json") or name != "host path"] == [], name
