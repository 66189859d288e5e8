"""Damaged dumps of every format and compression: a record is rejected or the file refused, in one line, and every byte is accounted for."""

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from koreason.cli import main
from koreason.records.digests import sha256_file
from tests.curate.reading.test_documents import sharing, warc
from tests.curate.reading.test_reading_streams import PACKS
from tests.soak import SOAKING

DUMPS = 1000 if SOAKING else 50
pytestmark = [pytest.mark.soak] if SOAKING else []
ROWS = [{"q": f'질문 {number}, "인용"\n둘째 줄 $a<b$', "a": "답" * (number % 7), "o": ["가", "나"]} for number in range(120)]
INSERTS = [
    b'"',
    b"\n",
    b"\r",
    b"\0",
    b"\\",
    b"{",
    b"]",
    b"<row ",
    b"<!--",
    b"\xff\xfe",
    b",",
    b"\t",
    b" " * 99,
    b"\xed\xa0\x80",
    b'\\ud800"',
]


def csv_of(rows: list[dict], mark: str) -> bytes:
    quoted = ['"' + row["q"].replace('"', '""') + f'"{mark}' + row["a"] for row in rows]
    return "\n".join([f"q{mark}a", *quoted]).encode()


def xml_of(rows: list[dict]) -> bytes:
    text = "<?xml version='1.0'?>\n<posts>\n"
    for row in rows:
        question = row["q"].replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        text += f'  <row PostTypeId="1" q="{question}" a="{row["a"]}" />\n'
    return (text + "</posts>").encode()


def topic(row: dict) -> dict:
    return {"id": 1, "title": row["q"], "post_stream": {"posts": [{"post_number": 1, "cooked": row["q"]}]}}


def parquet_of(rows: list[dict], path: Path) -> bytes:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=30)
    return path.read_bytes()


def xlsx_of(rows: list[dict], path: Path) -> bytes:
    text = "".join(f"<si><t>{row['q'].replace('&', '&amp;').replace('<', '&lt;')}</t></si>" for row in [{"q": "q"}, *rows])
    return sharing(path, f"<sst>{text}</sst>", *range(len(rows) + 1)).read_bytes()


FORMATS: dict[str, Callable[[list[dict]], bytes]] = {
    "jsonl": lambda rows: "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode(),
    "json": lambda rows: json.dumps(rows, ensure_ascii=False, indent=1).encode(),
    "nested": lambda rows: json.dumps({"v": 1, "data": [{"in": rows[place : place + 5]} for place in range(0, len(rows), 5)]}).encode(),
    "csv": lambda rows: csv_of(rows, ","),
    "tsv": lambda rows: "\n".join(["q\ta", *(f"{row['q']}\t{row['a']}".replace("\n", " ") for row in rows)]).encode(),
    "stackexchange": xml_of,
    "warc": lambda rows: b"".join(warc(f"<title>{row['q']}</title>{row['a']}".encode()) for row in rows),
    "discourse": lambda rows: "\n".join(json.dumps(topic(row)) for row in rows).encode(),
    "topics": lambda rows: json.dumps([topic(row) for row in rows], indent=1).encode(),
    "folder": lambda rows: "".join(f"<h1>{row['q']}</h1><p>{row['a']}\n" for row in rows).encode(),
}
# Columns of formats that have their own.
OWN = {"warc": ("text", "title"), "discourse": ("cooked", "title"), "folder": ("text", "title")}
TABLES = {"parquet": parquet_of, "xlsx": xlsx_of}


def damaged(data: bytes, draw: random.Random) -> bytes:
    """Up to three changes of the kinds that disks, networks and programs make."""
    for _ in range(draw.randrange(4)):
        place, length = draw.randrange(len(data) + 1), draw.choice([1, 2, 50, 5000])
        insert = draw.choice([draw.choice(INSERTS), draw.randbytes(length), data[place : place + length]])
        cut = draw.choice([0, 0, 1, length])
        data = draw.choice([data[:place] + insert + data[place + cut :], data[:place], data[place:] or data])
    return data


def damaged_within(book: Path, draw: random.Random) -> bytes:
    """A workbook with one part damaged."""
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    part = draw.choice(["xl/worksheets/sheet1.xml", "xl/Texts.xml", "xl/workbook.xml", "xl/styles.xml"])
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, damaged(data, draw) if name == part else data)
    return book.read_bytes()


@pytest.mark.parametrize("seed", range(DUMPS))
def test_no_dump_is_lost_or_taken_badly(tmp_path, capsys, seed):
    draw = random.Random(seed)
    format = draw.choice([*FORMATS, *TABLES])
    columns = {"question": ["q"], "answer": ["a"], "options": ["o"] if format in ("jsonl", "json", "parquet") else []}
    if format in TABLES:
        data = damaged(TABLES[format](ROWS, tmp_path / "whole"), draw)
        if format == "xlsx" and draw.random() < 0.7:  # within its parts, behind their check sums
            data = damaged_within(tmp_path / "whole", draw)
    else:
        data = FORMATS[format](ROWS)
        pack = PACKS[draw.choice(list(PACKS))]
        data = damaged(pack(data), draw) if draw.random() < 0.3 else pack(damaged(data, draw))
    if format == "nested":
        format, columns = "json", {"question": ["data[].in[].q"], "answer": ["data[].in[].a"]}
    format = "discourse" if format == "topics" else format
    if format == "xlsx":
        columns = {"question": ["q"]}
    if format in OWN:
        columns = {"question": [OWN[format][0]], "answer": [OWN[format][1]]}
    dump = tmp_path / "dump"
    dump.write_bytes(data)
    spec = {"format": format, "columns": {name: found for name, found in columns.items() if found}, "max_reject_share": 1.0, "html": False}
    spec |= {"root": str(tmp_path), "files": {"dump": sha256_file(dump)}}
    status = main(["ingest", "--source", "a", "--spec", json.dumps(spec), "--out", str(tmp_path / "out")])
    if status:
        told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("koreason: ")]
        assert status == 2 and len(told) == 1 and "accounted" not in told[0], told
        return
    counts = json.loads((tmp_path / "out/manifest.json").read_text(encoding="utf-8"))["counts"]
    parts = counts["bytes"]
    assert parts["read"] == parts["accepted"] + parts["skipped"] + parts["rejected"] + parts["between"]
    if format not in TABLES:
        assert parts["read"] > 0
    assert counts["records"] == counts["accepted"] + sum(counts["skipped"].values()) + sum(counts["rejected"].values())
