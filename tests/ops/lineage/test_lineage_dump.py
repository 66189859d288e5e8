"""A record is read again from its dump and compared, whatever its format and packing."""

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pytest

from koreason.ops.lineage import dump

QUESTION = '그는 "왜?"라고 물었다.\n둘째 줄\n\nA & B < C'
JSONL = '{"q": "다른 질문"}\n{"t": "그는 \\"왜?\\"라고 물었다.\\n둘째 줄", "b": "A & B < C"}\n'
CSV = 'q,a\r\n"그는 ""왜?""라고 물었다.\r\n둘째 줄\r\n\r\nA & B < C",1\r\n'
XML = '<posts><row Body="그는 &quot;왜?&quot;라고 물었다.&#10;둘째 줄&#10;&#10;A &amp; B &lt; C"/></posts>'


def record(file: str, first: int | None, size: int | None, **more: Any) -> dict[str, Any]:
    texts = {"question": QUESTION, "passage": None, "options": None, "gold": None, "answer": None, "parents": None}
    return texts | more | {"origin": {"file": file, "record": 2, "first": first, "bytes": size}}


@pytest.mark.parametrize(("name", "text", "start"), [("a.jsonl", JSONL, '{"t"'), ("a.csv", CSV, '"그'), ("a.xml", XML, "<row")])
@pytest.mark.parametrize("packed", [False, True])
def test_says_so_where_nothing_changed(tmp_path: Path, name: str, text: str, start: str, packed: bool) -> None:
    data = text.encode()
    first = data.index(start.encode())
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(data) if packed else data)
    source = {"root": str(tmp_path)}
    found = dump.reread(record(path.name, first, len(data) - first), source, far=False)
    assert (found["says"], found["differs"], found["path"]) == (dump.STILL, [], str(path))
    changed = dump.reread(record(path.name, first, len(data) - first, answer="셋째"), source, far=False)
    assert changed["differs"] == ["answer: 셋째"]
    moved = dump.reread(record(path.name, 0, first), source, far=False)
    assert moved["says"] == "the dump says something else there" and len(moved["differs"]) == 2


def test_options_stand_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"q": "둘 중 하나", "o": ["가", "나\\n다"]}', encoding="utf-8")
    whole = record("a.jsonl", 0, 99, question="둘 중 하나", options=["가", "나\n다"])
    assert dump.reread(whole, {"root": str(tmp_path)}, far=False)["says"] == dump.STILL


@pytest.mark.parametrize(
    ("file", "first", "root", "says"),
    [
        ("none.jsonl", 0, ".", "not read: "),
        ("a.parquet", None, ".", "no bytes of their own"),
        ("a.jsonl", 0, "$KOREASON_NOT_SET", "environment variable KOREASON_NOT_SET is not set"),
        ("a.jsonl.gz", 1 << 40, ".", "--far"),
        ("broken.gz", 0, ".", "cannot be decompressed"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, file: str, first: int | None, root: str, says: str) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b"{}"))
    (tmp_path / "broken.gz").write_bytes(gzip.compress(b"{}" * 999)[:9])
    root = str(tmp_path) if root == "." else root
    assert says in dump.reread(record(file, first, 9), {"root": root}, far=False)["says"]


def test_a_dump_that_became_shorter_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n")
    assert dump.reread(record("a.jsonl", 500, 9), {"root": str(tmp_path)}, far=False)["differs"]


def test_members_of_archives_and_other_encodings(tmp_path: Path) -> None:
    lines = [line + "\n" for line in JSONL.splitlines()]
    first, size = len(lines[0].encode()), len(lines[1].encode())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("other.jsonl", "{}\n")
        archive.writestr("deep/a.jsonl", JSONL)
    (tmp_path / "wide.jsonl").write_text(JSONL, encoding="utf-16")
    (tmp_path / "marked.jsonl").write_bytes(b"\xef\xbb\xbf" + JSONL.encode())
    for name, start in (("a.zip/deep/a.jsonl", first), ("wide.jsonl", first), ("marked.jsonl", first + 3)):
        assert dump.reread(record(name, start, size), {"root": str(tmp_path)}, far=False)["says"] == dump.STILL, name
