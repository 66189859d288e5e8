"""`koreason ingest` through its command line."""

import errno
import gzip
import hashlib
import json
import subprocess
from pathlib import Path

import polars as pl
import pytest
import yaml

from koreason.cli import main
from koreason.curate.writer import Rows
from koreason.tables import PROMPTS

HOME = Path(__file__).resolve().parents[2]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def spec(folder: Path, *names: str, **changes) -> dict:
    """A source over files of a folder."""
    base = {"format": "jsonl", "category": "Daily", "licence": "A", "columns": {"question": ["q"]}, "max_reject_share": 0.5, "html": False}
    return {**base, "root": str(folder), "files": {name: sha256(folder / name) for name in names}, **changes}


def ingest(out: Path, source: dict, name: str = "forum") -> int:
    return main(["ingest", "--source", name, "--spec", json.dumps(source), "--out", str(out)])


def manifest(out: Path) -> dict:
    return json.loads((out / "manifest.json").read_text(encoding="utf-8"))


def write(folder: Path, name: str, *records: object) -> Path:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_prompts_rejects_and_counts(tmp_path):
    write(
        tmp_path,
        "a.jsonl",
        {"q": "첫 질문", "t": "제목", "a": 3, "u": "http://x.example"},
        {"t": "", "q": " "},
        '{"q": "torn',
        {"q": ["no text"]},
    )
    write(tmp_path, "b.jsonl", {"q": "둘째 질문"}, {"q": "\udc00"}, {"q": "셋째", "a": {"n": 1}})
    columns = {"question": ["t", "q"], "answer": ["a"], "url": ["u"]}
    out = tmp_path / "out"
    assert ingest(out, spec(tmp_path, "b.jsonl", "a.jsonl", columns=columns, max_reject_share=0.6)) == 0
    frame = pl.read_parquet(out / "prompts.parquet")
    assert dict(frame.schema) == PROMPTS
    assert frame["question"].to_list() == ["제목\n\n첫 질문", "둘째 질문", "셋째"]
    assert frame["answer"].to_list() == ["3", None, '{"n": 1}']
    assert frame["origin"].to_list() == [
        {"file": "a.jsonl", "record": 1},
        {"file": "b.jsonl", "record": 1},
        {"file": "b.jsonl", "record": 3},
    ]
    assert frame["url"].to_list() == ["http://x.example", None, None]
    assert set(frame["source"]) == {"forum"} and set(frame["category"]) == {"Daily"} and set(frame["licence"]) == {"A"}
    rejected = [json.loads(line) for line in (out / "rejected.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["file"], line["record"], line["reason"]) for line in rejected] == [
        ("a.jsonl", 2, "no_question"),
        ("a.jsonl", 3, "not_json"),
        ("a.jsonl", 4, "not_text"),
        ("b.jsonl", 2, "encoding"),
    ]
    assert rejected[1]["raw"] == '{"q": "torn'
    counts = manifest(out)["counts"]
    assert counts == {
        "records": 7,
        "accepted": 3,
        "skipped": {},
        "rejected": {"no_question": 1, "not_json": 1, "not_text": 1, "encoding": 1},
    }
    assert manifest(out)["files"]["prompts.parquet"]["rows"] == 3 and manifest(out)["files"]["rejected.jsonl"]["rows"] == 4


def ids(out: Path) -> dict[str, list[str]]:
    frame = pl.read_parquet(out / "prompts.parquet").group_by("question", maintain_order=True).agg("prompt_id")
    return dict(frame.iter_rows())


def test_ids_survive_edits_of_the_dump(tmp_path):
    write(tmp_path, "a.jsonl", {"q": "가"}, {"q": "나"}, {"q": "가"})
    assert ingest(tmp_path / "1", spec(tmp_path, "a.jsonl")) == 0
    write(tmp_path, "a.jsonl", {"q": "새것"}, {"q": "나"}, {"q": "가"}, {"q": "가"}, {"q": "가"})
    assert ingest(tmp_path / "2", spec(tmp_path, "a.jsonl")) == 0
    before, after = ids(tmp_path / "1"), ids(tmp_path / "2")
    assert after["나"] == before["나"] and after["가"][:2] == before["가"]
    assert len({name for names in after.values() for name in names}) == 5
    assert ingest(tmp_path / "3", spec(tmp_path, "a.jsonl"), "another") == 0
    assert not set(ids(tmp_path / "3")["나"]) & set(after["나"])


def test_repeats_beyond_a_batch_have_their_own_ids(tmp_path):
    write(tmp_path, "a.jsonl", *({"q": f"질문 {number % 5000}"} for number in range(20_000)))
    assert ingest(tmp_path / "out", spec(tmp_path, "a.jsonl")) == 0
    frame = pl.read_parquet(tmp_path / "out" / "prompts.parquet")
    assert frame.height == 20_000 and frame["prompt_id"].n_unique() == 20_000


def test_same_bytes_every_time(tmp_path):
    write(tmp_path, "a.jsonl", *({"q": f"질문 {number}"} for number in range(9000)), "torn")
    for out in ("1", "2"):
        assert ingest(tmp_path / out, spec(tmp_path, "a.jsonl")) == 0
    assert (tmp_path / "1" / "manifest.json").read_bytes() == (tmp_path / "2" / "manifest.json").read_bytes()


def test_answers_of_a_stackexchange_dump_are_no_damage(tmp_path):
    rows = '<row PostTypeId="1" q="질문" />\n' + '<row PostTypeId="2" q="답" />\n' * 9
    (tmp_path / "Posts.xml").write_text(f"<posts>\n{rows}</posts>\n", encoding="utf-8")
    assert ingest(tmp_path / "out", spec(tmp_path, "Posts.xml", format="stackexchange", max_reject_share=0.0)) == 0
    assert manifest(tmp_path / "out")["counts"] == {"records": 10, "accepted": 1, "skipped": {"not_a_question": 9}, "rejected": {}}


def refused(capsys, out: Path, source: dict, *expected: str) -> None:
    """The stage ends with status 2 and one line that holds the expected words, and leaves nothing to be taken for finished."""
    assert ingest(out, source) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("koreason: ")]
    assert len(lines) == 1
    for words in expected:
        assert words in lines[0]
    assert not (out / "manifest.json").exists() and not (out / "prompts.parquet").exists()


@pytest.fixture
def dump(tmp_path):
    return write(tmp_path, "a.jsonl", {"q": "가"}, {"q": "나"}, "torn", "torn")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"format": "placeholder"}, ["source forum", "is a placeholder; give its format and files in the catalogue"]),
        ({"format": "warc"}, ["unknown format 'warc'", "jsonl", "stackexchange", "datasets"]),
        ({"licence": "C"}, ["licence tier C"]),
        ({"files": {}}, ["names no files"]),
        ({"files": {"b.jsonl": "0" * 64}}, ["b.jsonl", "no such file"]),
        ({"root": "$NO_SUCH_VARIABLE/x"}, ["NO_SUCH_VARIABLE is not set"]),
        ({"columns": {"answer": ["q"]}}, ["no column map for `question`"]),
        ({"columns": {"question": ["q"], "date": ["d"]}}, ["unknown column date", "posted_at"]),
        ({"columns": {"question": ["title"]}}, ["lacks the column title", "its columns are q"]),
        ({"encoding": "utf-16"}, ["encoding 'utf-16'"]),
        ({"encoding": "no-such"}, ["encoding 'no-such'"]),
        ({"max_reject_share": 0.4}, ["2 of 4 records were rejected", "0.4", "not_json (2, first at a.jsonl record 3)"]),
        ({"format": "parquet"}, ["not a readable Parquet file"]),
        ({"format": "stackexchange"}, ["no question in its files"]),
        ({"format": "datasets"}, ["lacks `hub`"]),
        ({"format": "datasets", "hub": "someone/something", "revision": "main"}, ["'main' is not a full commit id"]),
    ],
)
def test_a_users_mistake_is_one_line(capsys, dump, changes, expected):
    refused(capsys, dump / "out", spec(dump, "a.jsonl", **changes), *expected)


def test_another_digest_is_refused_with_both(capsys, dump):
    source = spec(dump, "a.jsonl")
    with open(dump / "a.jsonl", "a", encoding="utf-8") as file:
        file.write('{"q": "다"}\n')
    refused(capsys, dump / "out", source, source["files"]["a.jsonl"], sha256(dump / "a.jsonl"), "a.jsonl")


def test_a_dump_of_damage_only_is_refused(capsys, tmp_path):
    write(tmp_path, "a.jsonl", "torn", "torn", {"q": ""})
    refused(capsys, tmp_path / "out", spec(tmp_path, "a.jsonl", max_reject_share=1.0), "no question", "not_json (2")


def test_a_failing_stage_takes_its_old_manifest_along(capsys, dump):
    assert ingest(dump / "out", spec(dump, "a.jsonl")) == 0
    refused(capsys, dump / "out", spec(dump, "a.jsonl", max_reject_share=0.1), "rejected")


def test_a_cut_archive_is_refused(capsys, dump):
    data = gzip.compress((dump / "a.jsonl").read_bytes() * 1000, mtime=0)
    (dump / "a.jsonl.gz").write_bytes(data[:-10])
    refused(capsys, dump / "out", spec(dump, "a.jsonl.gz"), "cannot be decompressed", "a.jsonl.gz")


def test_a_data_set_saved_to_disk(capsys, tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_dict({"q": ["가", "나", None], "n": [1, 2, 3]})
    datasets.DatasetDict({"train": rows}).save_to_disk(tmp_path / "data")
    files = {str(path.relative_to(tmp_path / "data")): sha256(path) for path in (tmp_path / "data").rglob("*") if path.is_file()}
    source = spec(
        tmp_path, format="datasets", hub=str(tmp_path / "data"), split="train", files=files, columns={"question": ["q"], "answer": ["n"]}
    )
    assert ingest(tmp_path / "out", source) == 0
    frame = pl.read_parquet(tmp_path / "out" / "prompts.parquet")
    assert frame["question"].to_list() == ["가", "나"] and frame["answer"].to_list() == ["1", "2"]
    assert manifest(tmp_path / "out")["counts"]["rejected"] == {"no_question": 1}
    refused(capsys, tmp_path / "out", {**source, "split": None}, "needs `split`", "train")
    refused(capsys, tmp_path / "out", {**source, "split": "test"}, "has no split test", "train")
    refused(capsys, tmp_path / "out", {**source, "columns": {"question": ["text"]}}, "lacks the column text", "q, n")
    refused(capsys, tmp_path / "out", {**source, "files": {}}, "names no files")
    refused(capsys, tmp_path / "out", {**source, "hub": str(tmp_path / "elsewhere"), "files": {"x": "0"}}, "no such file")


def test_a_data_set_of_the_hub(capsys, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    asked = []

    def load_dataset(hub, name, **options):
        asked.append((hub, name, options))
        return datasets.Dataset.from_dict({"q": ["가", "나"], "n": [1, 2]}).to_iterable_dataset()

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    source = spec(tmp_path, format="datasets", hub="someone/something", revision="0123456789" * 4, split="train", name="ko")
    assert ingest(tmp_path / "out", source) == 0
    assert asked == [("someone/something", "ko", {"split": "train", "revision": "0123456789" * 4, "streaming": True})]
    frame = pl.read_parquet(tmp_path / "out" / "prompts.parquet")
    assert frame["question"].to_list() == ["가", "나"]
    assert frame["origin"].to_list()[1] == {"file": "someone/something", "record": 2}

    def unreachable(hub, name, **options):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    refused(capsys, tmp_path / "out", source, "someone/something", "cannot be loaded (no route to host)")


def test_a_full_disk_is_one_line(capsys, dump, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Rows, "write", full)
    refused(capsys, dump / "out", spec(dump, "a.jsonl"), "no space left on the disk")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_fills_up_is_one_line(capsys, tmp_path, small_disk):
    write(tmp_path, "a.jsonl", *({"q": hashlib.sha512(str(number).encode()).hexdigest()} for number in range(9_000)))
    refused(capsys, small_disk, spec(tmp_path, "a.jsonl"), "no space left on the disk")


DEMO = yaml.safe_load((HOME / "config" / "demo.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", DEMO["sources"])
def test_the_demos_dumps(tmp_path, name):
    assert ingest(tmp_path, DEMO["sources"][name], name) == 0
    counts = manifest(tmp_path)["counts"]
    assert counts["records"] == counts["accepted"] + sum(counts["skipped"].values()) + sum(counts["rejected"].values())
