"""Readers: every format, and the damage that real dumps bring."""

import gzip
import io
import json
import tracemalloc
from xml.sax.saxutils import quoteattr

import numpy
import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from koreason.curate import records
from koreason.curate.occurrences import Occurrences
from koreason.curate.readers import READERS
from koreason.curate.records import pieces
from koreason.curate.spec import Source
from koreason.errors import UserError


def source(format: str, encoding: str = "utf-8", columns: tuple[str, ...] = ("q",)) -> Source:
    return Source(
        format=format,
        category="Daily",
        licence="A",
        columns={"question": list(columns)},
        max_reject_share=1.0,
        html=False,
        encoding=encoding,
    )


def read(tmp_path, name: str, data: bytes, format: str, **options) -> list[tuple]:
    (tmp_path / name).write_bytes(data)
    found = READERS[format](tmp_path / name, source(format, **options))
    return [(record.number, record.fields if record.fields is not None else record.reason) for record in found]


def test_jsonl(tmp_path):
    data = b'{"q": "\xea\xb0\x80"}\n\n{"q": "torn\n[1, 2]\n"text"\n{"q": "\xff"}\n{"q": 1}'
    assert read(tmp_path, "a.jsonl", data, "jsonl") == [
        (1, {"q": "가"}),
        (3, "not_json"),
        (4, "not_an_object"),
        (5, "not_an_object"),
        (6, "encoding"),
        (7, {"q": 1}),
    ]


def test_hostile_json_is_only_a_bad_record(tmp_path):
    data = b"[" * 200_000 + b'\n{"q": ' + b"9" * 5000 + b'}\n{"q": "ok"}\n'
    assert read(tmp_path, "a.jsonl", data, "jsonl") == [(1, "not_json"), (2, "not_json"), (3, {"q": "ok"})]


@pytest.mark.parametrize(("name", "pack"), [("a.jsonl", bytes), ("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstandard.compress)])
def test_compressed_files_and_byte_order_marks(tmp_path, name, pack):
    assert read(tmp_path, name, pack(b'\xef\xbb\xbf{"q": "a"}\r\n{"q": "b"}\r\n'), "jsonl") == [(1, {"q": "a"}), (2, {"q": "b"})]


def test_zstd_of_several_frames(tmp_path):
    data = zstandard.compress(b'{"q": "a"}\n') + zstandard.compress(b'{"q": "b"}\n')
    assert [fields["q"] for _, fields in read(tmp_path, "a.jsonl.zst", data, "jsonl")] == ["a", "b"]


@pytest.mark.parametrize(("name", "pack"), [("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstandard.compress)])
def test_cut_or_wrong_compression_is_refused(tmp_path, name, pack):
    with pytest.raises(UserError, match="cannot be decompressed"):
        read(tmp_path, name, b"plain text, not compressed", "jsonl")
    if name.endswith(".gz"):
        with pytest.raises(UserError, match="cannot be decompressed"):
            read(tmp_path, name, pack(b'{"q": "a"}\n' * 1000)[:-20], "jsonl")


def test_json(tmp_path):
    assert read(tmp_path, "a.json", '\ufeff[{"q": "가"}, 3]'.encode(), "json") == [(1, {"q": "가"}), (2, "not_an_object")]
    assert read(tmp_path, "a.json", b'{"1": {"q": "a"}, "2": {"q": "b"}}', "json") == [(1, {"q": "a"}), (2, {"q": "b"})]
    for data in (b'[{"q": "torn', b"3", b"\xff[]"):
        with pytest.raises(UserError, match="JSON"):
            read(tmp_path, "a.json", data, "json")


def test_csv(tmp_path):
    data = 'q,b\r\n"두 줄\n""인용""",1\r\n\r\n모자란 줄\r\n남는,줄,셋\r\n"열린 "따옴표,2\r\n마지막,3'.encode()
    assert read(tmp_path, "a.csv", data, "csv") == [
        (1, {"q": '두 줄\n"인용"', "b": "1"}),
        (3, "wrong_columns"),
        (4, "wrong_columns"),
        (5, "not_csv"),
        (6, {"q": "마지막", "b": "3"}),
    ]


def test_csv_of_another_encoding(tmp_path):
    data = "q,b\n가나다,1\n".encode("cp949") + "깨진 글자,2\n".encode() + "라마바,3\n".encode("cp949")
    rows = read(tmp_path, "a.csv", data, "csv", encoding="cp949")
    assert rows[0] == (1, {"q": "가나다", "b": "1"}) and rows[2] == (3, {"q": "라마바", "b": "3"})
    assert rows[1] == (2, "encoding")


def test_tsv_takes_quotes_as_they_are(tmp_path):
    assert read(tmp_path, "a.tsv", 'q\tb\n그는 "왜\t1\n물었다"\t2\n'.encode(), "tsv") == [
        (1, {"q": '그는 "왜', "b": "1"}),
        (2, {"q": '물었다"', "b": "2"}),
    ]


@pytest.mark.parametrize(("format", "data"), [("csv", b"title,body\na,b\n"), ("tsv", b"title\tbody\na\tb\n"), ("csv", b"")])
def test_tables_name_the_columns_they_have(tmp_path, format, data):
    with pytest.raises(UserError, match="lacks the column q") as caught:
        read(tmp_path, "a", data, format)
    assert not data or "title, body" in str(caught.value)


def test_parquet(tmp_path):
    texts = pyarrow.array(["가", None, "나"])
    pyarrow.parquet.write_table(pyarrow.table({"q": texts, "other": [1, 2, 3]}), tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    assert read(tmp_path, "a.parquet", data, "parquet") == [(1, {"q": "가"}), (2, {"q": None}), (3, {"q": "나"})]
    with pytest.raises(UserError, match=r"lacks the column x.*q, other"):
        read(tmp_path, "a.parquet", data, "parquet", columns=("x",))
    with pytest.raises(UserError, match="not a readable Parquet file"):
        read(tmp_path, "a.parquet", data[:-30], "parquet")


def test_parquet_with_text_that_is_none(tmp_path):
    broken = pyarrow.Array.from_buffers(pyarrow.string(), 2, pyarrow.array([b"ok", b"\xff\xfe"]).buffers())
    pyarrow.parquet.write_table(pyarrow.table({"q": broken}), tmp_path / "a.parquet")
    assert read(tmp_path, "a.parquet", (tmp_path / "a.parquet").read_bytes(), "parquet") == [(1, {"q": "ok"}), (2, "encoding")]


def xml(*rows: str) -> bytes:
    return ('<?xml version="1.0" encoding="utf-8"?>\n<posts>\n' + "".join(f"  {row}\n" for row in rows) + "</posts>\n").encode()


def test_stackexchange(tmp_path):
    body = '<p>a &lt; b &amp; "c"</p>\n둘째 줄'
    data = (
        xml(
            f'<row Id="1" PostTypeId="1" q={quoteattr(body)} />',
            '<row Id="2" PostTypeId="2" q="an answer" />',
            '<row Id="3" PostTypeId="1" q="torn off',
            '<row Id="4" q="x > y" />',
            '<row Id="5" q="control &#x1; character" />',
        )
        + b'<row Id="6" q="bad \xff byte" />'
    )
    rows = read(tmp_path, "a.xml", data, "stackexchange")
    assert rows[0] == (1, {"Id": "1", "PostTypeId": "1", "q": body.replace("\n", "\n")})
    assert [found if isinstance(found, str) else found["q"] for _, found in rows[1:]] == [
        "not_a_question",
        "not_xml",
        "x > y",
        "not_xml",
        "encoding",
    ]


def test_stackexchange_on_one_line_and_cut_at_any_byte(tmp_path, monkeypatch):
    data = b'<posts><row Id="1" q="a" /><row Id="2" q="b"></row><row Id="3" q="c" /></posts>'
    monkeypatch.setattr(records, "CHUNK_BYTES", 1)
    assert [fields["q"] for _, fields in read(tmp_path, "a.xml", data, "stackexchange")] == ["a", "b", "c"]
    assert read(tmp_path, "a.xml", data[:40], "stackexchange")[-1] == (2, "not_xml")


def test_entities_are_never_expanded(tmp_path):
    bomb = '<!DOCTYPE posts [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    data = f'<?xml version="1.0"?>{bomb}<posts><row q="&b;" /><row q="&f;" /><row q="sound &amp; safe" /></posts>'.encode()
    assert read(tmp_path, "a.xml", data, "stackexchange") == [(1, "not_xml"), (2, "not_xml"), (3, {"q": "sound & safe"})]


def test_a_row_cannot_bring_its_own_entities(tmp_path):
    data = b'<posts><row q="a" /><!DOCTYPE x [<!ENTITY e "boom">]><row q="&e;" /></posts>'
    assert read(tmp_path, "a.xml", data, "stackexchange") == [(1, "not_xml"), (2, "not_xml")]


@pytest.mark.parametrize("format", ["stackexchange", "jsonl", "tsv"])
def test_memory_does_not_grow_with_the_file(tmp_path, format):
    body = "질문 " * 300
    line = {"stackexchange": f'<row Id="1" PostTypeId="1" q="{body}" />\n', "jsonl": json.dumps({"q": body}) + "\n", "tsv": f"{body}\t1\n"}[
        format
    ]
    peaks = []
    for size in (2_000, 8_000):
        path = tmp_path / str(size)
        with open(path, "w", encoding="utf-8") as file:
            file.write({"stackexchange": "<posts>\n", "jsonl": "", "tsv": "q\tn\n"}[format])
            for _ in range(size):
                file.write(line)
        tracemalloc.start()
        assert sum(record.fields is not None for record in READERS[format](path, source(format))) == size
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert path.stat().st_size > 3 * peaks[-1] or size == 2_000
    assert peaks[1] < 1.2 * peaks[0]


def test_oversized_records_are_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "CHUNK_BYTES", 8)
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 50)
    data = b'{"q": "a"}\n' + b"x" * 200 + b'\n{"q": "b"}\n' + b"y" * 99
    assert read(tmp_path, "a.jsonl", data, "jsonl") == [(1, {"q": "a"}), (2, "oversized"), (3, {"q": "b"}), (4, "oversized")]
    assert read(tmp_path, "a.tsv", b"q\tb\n" + b"z" * 99 + b"\n1\t2\n", "tsv") == [(1, "oversized"), (2, {"q": "1", "b": "2"})]


@given(st.lists(st.binary(max_size=12)), st.sampled_from([b"\n", b"<row "]), st.integers(1, 9))
def test_pieces_are_what_lies_between_separators(parts, separator, chunk):
    data = separator.join(parts).removeprefix(b"\xef\xbb\xbf")
    expected = data.split(separator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "CHUNK_BYTES", max(chunk, 3))
        assert list(pieces(io.BytesIO(data), separator)) == (expected if expected[-1] else expected[:-1])


@given(st.lists(st.lists(st.integers(0, 5), max_size=20), max_size=6))
def test_occurrences_count_over_batches(batches):
    occurrences, seen = Occurrences(), list[int]()
    for batch in batches:
        expected = []
        for key in batch:
            expected.append(seen.count(key))
            seen.append(key)
        assert occurrences.count(numpy.array(batch, numpy.uint64)).tolist() == expected
