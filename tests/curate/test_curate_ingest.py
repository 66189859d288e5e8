"""`koreason ingest` through its command line."""

import errno
import gzip
import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml

from koreason.cli import main
from koreason.config.effects import given
from koreason.curate.reading.readers import READERS
from koreason.curate.reading.records import Record
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.spec import Source
from koreason.curate.writer import Rows
from koreason.tables import PROMPTS
from tests.kills import killed

HOME = Path(__file__).resolve().parents[2]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def spec(folder: Path, *names: str, **changes) -> dict:
    """A source over files of a folder."""
    base = {"format": "jsonl", "columns": {"question": ["q"]}, "max_reject_share": 0.5, "html": False}
    return {**base, "root": str(folder), "files": {name: sha256(folder / name) for name in names}, **changes}


def ingest(out: Path, source: dict, name: str = "forum") -> int:
    return main(["ingest", "--source", name, "--spec", json.dumps(source), "--out", str(out)])


def test_lists_of_texts_are_texts_and_several_golds_stay_a_list(tmp_path):
    write(
        tmp_path,
        "a.jsonl",
        {"q": "첫 질문", "a": ["답 하나", "답 둘"], "g": ["3"], "p": ["글"]},
        {"q": "둘째", "a": [None], "g": ["3", "셋"]},
    )
    columns = {"question": ["q"], "answer": ["a"], "gold": ["g"], "passage": ["p"]}
    assert ingest(tmp_path / "out", spec(tmp_path, "a.jsonl", columns=columns)) == 0
    frame = pl.read_parquet(tmp_path / "out" / "prompts.parquet")
    assert frame["answer"].to_list() == ["답 하나\n\n답 둘", None]
    assert frame["gold"].to_list() == ["3", '["3", "셋"]'] and frame["passage"].to_list() == ["글", None]


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
    lines = (tmp_path / "a.jsonl").read_bytes().splitlines() + (tmp_path / "b.jsonl").read_bytes().splitlines()
    assert frame["origin"].to_list() == [
        {"file": "a.jsonl", "record": 1, "first": 0, "bytes": len(lines[0])},
        {"file": "b.jsonl", "record": 1, "first": 0, "bytes": len(lines[4])},
        {"file": "b.jsonl", "record": 3, "first": len(lines[4]) + len(lines[5]) + 2, "bytes": len(lines[6])},
    ]
    assert frame["url"].to_list() == ["http://x.example", None, None]
    assert set(frame["source"]) == {"forum"}
    rejected = [json.loads(line) for line in (out / "rejected.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["file"], line["record"], line["reason"]) for line in rejected] == [
        ("a.jsonl", 2, "no_question"),
        ("a.jsonl", 3, "not_json"),
        ("a.jsonl", 4, "not_text"),
        ("b.jsonl", 2, "encoding"),
    ]
    assert rejected[1]["raw"] == '{"q": "torn'
    counts = manifest(out)["counts"]
    assert (counts["records"], counts["accepted"], counts["skipped"]) == (7, 3, {})
    assert counts["rejected"] == {"no_question": 1, "not_json": 1, "not_text": 1, "encoding": 1}
    size = (tmp_path / "a.jsonl").stat().st_size
    assert counts["files"][0] == {
        "file": "a.jsonl",
        "records": {"accepted": 1, "skipped": 0, "rejected": 3},
        "bytes": size,
        "lines": 4,
        "bytes_of": {"accepted": len(lines[0]), "skipped": 0, "rejected": sum(map(len, lines[1:4])), "between": 4},
    }
    assert counts["bytes"]["read"] == size + (tmp_path / "b.jsonl").stat().st_size
    assert [json.loads(line) for line in (out / "files.jsonl").read_text(encoding="utf-8").splitlines()] == counts["files"]
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


def test_an_id_covers_passage_and_options(tmp_path):
    rows: list[dict] = [{"q": "옳은 것은?"}, {"q": "옳은 것은?", "o": ["가", None, "나"]}, {"q": "옳은 것은?", "o": ["가", "다"]}]
    write(tmp_path, "a.jsonl", *rows, {"q": "옳은 것은?", "o": '{"A": "가", "B": "나"}'}, {"q": "옳은 것은?", "p": "지문", "g": 2, "o": []})
    columns = {"question": ["q"], "options": ["o"], "passage": ["p"], "gold": ["g"]}
    assert ingest(tmp_path / "out", spec(tmp_path, "a.jsonl", columns=columns)) == 0
    frame = pl.read_parquet(tmp_path / "out" / "prompts.parquet")
    assert frame["options"].to_list() == [None, ["가", "나"], ["가", "다"], ["가", "나"], None]
    assert frame["passage"].to_list() == [None] * 4 + ["지문"] and frame["gold"].to_list() == [None] * 4 + ["2"]
    assert frame["parents"].null_count() == 5 and frame["prompt_id"].n_unique() == 5
    assert frame["prompt_id"][0] == hashlib.sha256("forum\n옳은 것은?".encode()).hexdigest()[:24]
    write(tmp_path, "b.jsonl", rows[1])
    assert ingest(tmp_path / "again", spec(tmp_path, "b.jsonl", columns={"question": ["q"], "options": ["o"]})) == 0
    assert ids(tmp_path / "again")["옳은 것은?"] == [frame["prompt_id"][1]]


def test_options_in_columns_of_their_own(tmp_path):
    (tmp_path / "a.csv").write_text('q,A,B,C\n하나,가,나,\n둘,"[""1"", 2]",,\n', encoding="utf-8")
    columns = {"question": ["q"], "options": ["A", "B", "C"]}
    assert ingest(tmp_path / "1", spec(tmp_path, "a.csv", format="csv", columns=columns)) == 0
    assert pl.read_parquet(tmp_path / "1" / "prompts.parquet")["options"].to_list() == [["가", "나"], ['["1", 2]']]
    assert ingest(tmp_path / "2", spec(tmp_path, "a.csv", format="csv", columns={"question": ["q"], "options": ["A"]})) == 0
    assert pl.read_parquet(tmp_path / "2" / "prompts.parquet")["options"].to_list() == [["가"], ["1", "2"]]


def test_same_bytes_every_time(tmp_path):
    write(tmp_path, "a.jsonl", *({"q": f"질문 {number}"} for number in range(9000)), "torn")
    for out in ("1", "2"):
        assert ingest(tmp_path / out, spec(tmp_path, "a.jsonl")) == 0
    assert (tmp_path / "1" / "manifest.json").read_bytes() == (tmp_path / "2" / "manifest.json").read_bytes()


def test_answers_of_a_stackexchange_dump_are_no_damage(tmp_path):
    rows = '<row PostTypeId="1" q="질문" />\n' + '  <row PostTypeId="2" q="답" />\n' * 9
    (tmp_path / "Posts.xml").write_text(f"<posts>\n{rows}</posts>\n", encoding="utf-8")
    assert ingest(tmp_path / "out", spec(tmp_path, "Posts.xml", format="stackexchange", max_reject_share=0.0)) == 0
    counts = manifest(tmp_path / "out")["counts"]
    assert (counts["records"], counts["accepted"], counts["skipped"], counts["rejected"]) == (10, 1, {"not_a_question": 9}, {})


def tables(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.rglob("*.parquet")}


def refused(capsys, out: Path, source: dict, *expected: str) -> None:
    """The stage ends with status 2 and one line that holds the expected words; nothing new is left, nor taken for whole."""
    before = tables(out)
    assert ingest(out, source) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("koreason: ")]
    assert len(lines) == 1
    for words in expected:
        assert words in lines[0]
    assert not (out / "manifest.json").exists() and tables(out) == before, "an older table stands as it was, declared by nothing"


@pytest.fixture
def dump(tmp_path):
    return write(tmp_path, "a.jsonl", {"q": "가"}, {"q": "나"}, "torn", "torn")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"format": "placeholder"}, ["source forum", "is a placeholder; give its format and files in the catalogue"]),
        ({"format": "pdf"}, ["unknown format 'pdf'", "jsonl", "stackexchange", "datasets"]),
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
        ({"format": "stackexchange"}, ["not_xml (2, first at a.jsonl record 1)"]),
        ({"encoding": "undefined"}, ["encoding 'undefined'"]),
        ({"max_reject_share": "5%"}, ["max_reject_share: is '5%'; accepted: a number, at least 0 and at most 1"]),
        ({"separator": "ab"}, ["separator: is 'ab'", "one ASCII character"]),
        ({"max_bytes": 10}, ["holds more than 10 bytes once decompressed", "max_bytes"]),
        ({"format": "datasets"}, ["lacks `hub`"]),
        ({"format": "datasets", "hub": "someone/something", "revision": "main"}, ["'main' is not a full commit id"]),
    ],
)
def test_a_users_mistake_is_one_line(capsys, dump, changes, expected):
    refused(capsys, dump / "out", spec(dump, "a.jsonl", **changes), *expected)


def test_bytes_are_weighed_as_well_as_records(capsys, tmp_path):
    write(tmp_path, "a.jsonl", *({"q": "가"} for _ in range(99)), "x" * 2000)
    refused(capsys, tmp_path / "out", spec(tmp_path, "a.jsonl", max_reject_share=0.5), "2,000 of", "bytes", "record 100", "0.5")
    assert ingest(tmp_path / "out", spec(tmp_path, "a.jsonl", max_reject_share=0.8)) == 0


def test_one_empty_file_among_others_is_none(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"")
    (tmp_path / "b.csv").write_bytes(b"q\nx\n")
    assert ingest(tmp_path / "out", spec(tmp_path, "a.csv", "b.csv", format="csv")) == 0
    assert [line["bytes"] for line in manifest(tmp_path / "out")["counts"]["files"]] == [0, 4]


def test_what_a_reader_forgets_is_found(capsys, dump, monkeypatch):
    def forgetful(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
        yield from list(READERS["json"](stream, source, wanted))[:-1]

    (dump / "a.json").write_text('[{"q": "a"}, {"q": "b"}]', encoding="utf-8")
    monkeypatch.setitem(READERS, "jsonl", forgetful)
    refused(capsys, dump / "out", spec(dump, "a.json"), "24 bytes were read, 14 are accounted for")


def test_a_killed_command_run_again_gives_the_same_bytes(tmp_path, run):
    write(tmp_path, "a.jsonl", *({"q": f"{number} " + "질문 " * 80} for number in range(20_000)), "torn")
    arguments = ["ingest", "--source", "a", "--spec", json.dumps(spec(tmp_path, "a.jsonl")), "--out"]
    assert run(*arguments, tmp_path / "whole").returncode == 0
    out = tmp_path / "killed"
    killed([HOME / "bin/koreason", *arguments, out], out, (out / "prompts.parquet").is_file)
    assert run(*arguments, out).returncode == 0
    for name in ("manifest.json", "prompts.parquet", "rejected.jsonl", "files.jsonl"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


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
    import huggingface_hub

    (tmp_path / "ko").mkdir()
    pl.DataFrame({"q": ["가", "나"], "n": [1, 2]}).write_parquet(tmp_path / "ko" / "train.parquet")
    asked = []

    def snapshot_download(hub, **options):
        asked.append((hub, options["revision"]))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    source = spec(tmp_path, format="datasets", hub="someone/something", revision="0123456789" * 4, split="train", name="ko")
    assert ingest(tmp_path / "out", source) == 0
    assert set(asked) == {("someone/something", "0123456789" * 4)}
    frame = pl.read_parquet(tmp_path / "out" / "prompts.parquet")
    assert frame["question"].to_list() == ["가", "나"]
    assert frame["origin"].to_list()[1] == {"file": "someone/something", "record": 2, "first": None, "bytes": None}

    def unreachable(hub, **options):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    refused(capsys, tmp_path / "out", source, "someone/something", "not to be had from the hub", "no route to host")


def test_a_full_disk_is_one_line(capsys, dump, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Rows, "append", full)
    refused(capsys, dump / "out", spec(dump, "a.jsonl"), "no space left on the disk")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=755", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_fills_up_is_one_line(capsys, tmp_path, small_disk):
    write(tmp_path, "a.jsonl", *({"q": hashlib.sha512(str(number).encode()).hexdigest()} for number in range(9_000)))
    refused(capsys, small_disk, spec(tmp_path, "a.jsonl"), "no space left on the disk")


DEMO = yaml.safe_load((HOME / "config" / "demo.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [name for name, entry in DEMO["sources"].items() if "files" in entry])
def test_the_demos_dumps(tmp_path, name):
    assert ingest(tmp_path, given("ingest", "sources", DEMO["sources"][name]), name) == 0
    counts = manifest(tmp_path)["counts"]
    assert counts["records"] == counts["accepted"] + sum(counts["skipped"].values()) + sum(counts["rejected"].values())


def test_what_is_no_number_is_no_gold_and_no_option(tmp_path):
    write(
        tmp_path,
        "a.jsonl",
        {"q": "값은?", "g": float("nan"), "o": ["1", float("nan")]},
        {"q": "참인가?", "g": True},
        {"q": "수는?", "g": 2.5},
    )
    columns = {"question": ["q"], "options": ["o"], "gold": ["g"]}
    assert ingest(tmp_path / "out", spec(tmp_path, "a.jsonl", columns=columns)) == 0
    frame = pl.read_parquet(tmp_path / "out" / "prompts.parquet")
    assert frame["gold"].to_list() == [None, "true", "2.5"]
    assert frame["options"].to_list() == [["1"], None, None]
