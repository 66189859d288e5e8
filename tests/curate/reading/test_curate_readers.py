"""Readers: every format, and the damage that real dumps bring."""

import json
from pathlib import Path

import numpy
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koreason.curate.prompts.occurrences import Occurrences
from koreason.curate.reading import records
from koreason.curate.reading.streamed import streams
from koreason.errors import UserError
from tests.curate.dumps import all_records, read, source
from tests.soak import few


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dump"


def test_jsonl(path):
    data = b'\xef\xbb\xbf{"q": "\xea\xb0\x80"}\r\n\n  {"q": "torn\n[1, 2]\n"text"\n{"q": "\xff"}\n{"q": 1} \n{"q": NaN}x\n{"q": "\\ud800"}'
    assert read(path, data, "jsonl") == [
        (1, ("가",)),
        (3, "not_json"),
        (4, "not_an_object"),
        (5, "not_an_object"),
        (6, "encoding"),
        (7, (1,)),
        (8, "not_json"),
        (9, ("\ud800",)),
    ]


def test_hostile_json_is_only_a_bad_record(path):
    data = b"[" * 200_000 + b'\n{"q": ' + b"9" * 5000 + b'}\n{"q": "ok"}\n'
    assert read(path, data, "jsonl") == [(1, "not_json"), (2, "not_json"), (3, ("ok",))]


def test_a_records_bytes_are_where_it_says(path):
    lines = [json.dumps({"q": "질문 " * number}, ensure_ascii=False).encode() for number in range(1, 60)]
    data = b"\r\n\n".join(lines)
    for format, whole in (("jsonl", data), ("json", b"[ " + b" , ".join(lines) + b"]"), ("json", b'{"a":' + b',"b" : '.join(lines) + b"}")):
        path.write_bytes(whole)
        found = all_records(path, source(format))
        assert [whole[record.first : record.first + record.bytes] for record in found] == lines


def test_json(path):
    assert read(path, '\ufeff[{"q": "가"}, 3]'.encode(), "json") == [(1, ("가",)), (2, "not_an_object")]
    assert read(path, b'{"1": {"q": "a"}, "n": 1, "2": {"q": "b"}}', "json") == [(1, ("a",)), (2, "not_an_object"), (3, ("b",))]
    data = b'[{"q": "]\\"}"}, {"q": tru}, "x", nonsense, {"q": [1, {}]}\n]\n'
    assert read(path, data, "json") == [(1, (']"}',)), (2, "not_json"), (3, "not_json"), (4, ([1, {}],))]
    for empty in (b"", b"[]", b" {\n}", b"\n" * 3_000_000):
        assert read(path, empty, "json") == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'[{"q": "torn', "is torn"),
        (b'[{"q": "torn"}', "is torn"),
        (b"3", "no JSON array or object"),
        (b"\xff[]", "no JSON array or object"),
        (b"]", "no JSON array or object"),
        (b'{"q": 1}\n{"q": 2}\n', "goes on after the end of its JSON; a file of one object a line is `format: jsonl`"),
        (b"[]]", "goes on"),
        (b"[] x", "goes on"),
    ],
)
def test_json_that_is_none_is_refused(path, data, words):
    with pytest.raises(UserError, match=words.replace("`", ".")):
        read(path, data, "json")


def test_json_in_an_encoding_with_half_letters_is_refused(path):
    assert read(path, '[{"q": "가"}]'.encode("cp949"), "json", encoding="cp949") == [(1, ("가",))]
    with pytest.raises(UserError, match="cannot be cut safely"):
        read(path, '[{"q": "表"}]'.encode("cp932"), "json", encoding="cp932")


@settings(max_examples=few(25))
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    ),
    st.integers(1, 40),
    st.integers(0, 3),
)
def test_json_is_cut_alike_whatever_the_chunks(tmp_path_factory, value, chunk, indent):
    path = tmp_path_factory.mktemp("json") / "a.json"
    for outermost in ([value, {"q": value}, [value]], {"a": {"q": value}, 'b"': [value], "c": value}):
        expected = outermost if isinstance(outermost, list) else list(outermost.values())
        text = json.dumps(outermost, ensure_ascii=False, indent=indent or None)
        found = []
        for size in (chunk, 1 << 20):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(streams, "CHUNK_BYTES", size)
                found.append(read(path, text.encode(), "json"))
        assert found[0] == found[1]
        assert [values for _, values in found[0]] == [(one.get("q"),) if isinstance(one, dict) else "not_an_object" for one in expected]


SQUAD = {
    "version": "1",
    "data": [
        {
            "title": "가",
            "paragraphs": [
                {"context": "지문", "qas": [{"question": "하나", "answers": [{"text": "a"}, {"text": "b"}]}, {"question": "둘"}]}
            ],
        },
        {"title": "나", "paragraphs": [{"context": "빈", "qas": []}]},
        {"title": "다"},
    ],
    "more": {"data": [1]},
}
PATHS = tuple(f"data[].{name}" for name in ("paragraphs[].qas[].question", "paragraphs[].context", "title"))


def test_records_in_lists_of_records(path):
    expected = [(1, ("하나", "지문", "가")), (2, ("둘", "지문", "가")), (3, "no_records"), (4, "no_question")]
    for indent in (None, 1):
        assert read(path, json.dumps(SQUAD, indent=indent).encode(), "json", PATHS) == expected
    assert read(path, json.dumps([SQUAD]).encode(), "json", PATHS) == [*expected[:2], (3, "no_question")]
    assert read(path, json.dumps(SQUAD).encode() + b"\n", "jsonl", PATHS)[:2] == expected[:2]
    assert [record.number for record in all_records(path, source("jsonl", PATHS))] == [1, 2, 3]


def test_paths_into_objects_and_further_lists(path):
    data = b'{"a": {"b": "x"}, "c.d": "y", "e": [{"f": 1}, {}, {"f": 2}]}\n{"a": 3}\n'
    columns = ("a.b", "c.d", "e")
    assert read(path, data, "jsonl", columns) == [(1, ("x", "y", [{"f": 1}, {}, {"f": 2}])), (2, (None, None, None))]
    entry = source("jsonl", ("a.b",))
    entry.columns["options"] = ["e[].f"]
    path.write_bytes(data)
    assert [record.values for record in all_records(path, entry)] == [("x", [1, 2]), (None, None)]


def test_csv(path):
    data = 'q,b\r\n"두 줄\n\n""인용""",1\r\n\r\n모자란 줄\r\n남는,줄,셋\r\n"열린 "따옴표,2\r\n마지막,3'.encode()
    assert read(path, data, "csv", ("q", "b")) == [
        (1, ('두 줄\n\n"인용"', "1")),
        (2, "wrong_columns"),
        (3, "wrong_columns"),
        (4, "not_csv"),
        (5, ("마지막", "3")),
    ]


def test_an_open_quote_costs_its_line(path, monkeypatch):
    rows = [f"질문 {number},{number}" for number in range(3000)]
    rows[1000] = '"열린 따옴표,답'
    for whole in (rows, [*rows, '"인용"', '"여러\n줄",1', '"또 열린,1', "끝,2"]):
        for most in (records.MAX_RECORD_BYTES, 200):
            monkeypatch.setattr(records, "MAX_RECORD_BYTES", most)
            found = read(path, "\n".join(["q,a", *whole]).encode(), "csv", ("q", "a"))
            assert [values for _, values in found[:1000]] == [(f"질문 {number}", str(number)) for number in range(1000)]
            assert found[1000] == (1001, "not_csv")
            assert [values for _, values in found[1001:3000]] == [(f"질문 {number}", str(number)) for number in range(1001, 3000)]
            assert [values for _, values in found[3000:]] == ["wrong_columns", ("여러\n줄", "1"), "not_csv", ("끝", "2")][
                : len(found) - 3000
            ]


def test_quotes_that_open_again_and_again_take_no_longer(path):
    data = b"q,a\n" + b'x","a\n' * 30_000
    assert len(read(path, data, "csv", ("q", "a"))) == 30_000


@pytest.mark.parametrize(("format", "end"), [("csv", "\r"), ("csv", "\r\n"), ("tsv", "\r"), ("tsv", "\n")])
def test_headers_as_they_come(path, format, end):
    mark = "," if format == "csv" else "\t"
    data = end.join(["", "", f" q {mark}a", f"1{mark}2", f"3{mark}", ""]).encode("utf-8-sig")
    assert read(path, data, format, ("a", "q")) == [(1, ("2", "1")), (2, ("", "3"))]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'"q,a\n1,2\n', "its line of column names is no CSV; it begins '\"q,a"),
        (b'"q"x,a\n1,2\n', "no CSV"),
        (b"q;a\n1;2\n", "lacks the column q; its first line has no ',' but ';': give `separator: ';'`"),
        (b"title,body\n1,2\n", "lacks the column q; its columns are title, body"),
        (b"q,q\n1,2\n", "has the column q twice"),
        (bytes(range(128, 256)) * 9, "its first line is no text in utf-8"),
        (b"PK\x03\x04" + bytes(99), "not a readable zip"),
    ],
)
def test_tables_that_are_none_are_refused(path, data, words):
    with pytest.raises(UserError) as caught:
        read(path, data, "csv")
    assert words in str(caught.value)


def test_a_separator_of_ones_own(path):
    assert read(path, b'q;a\n"x;y";1,5\n', "csv", ("q", "a"), separator=";") == [(1, ("x;y", "1,5"))]
    assert read(path, b"q|a\nx|1\n", "tsv", ("q", "a"), separator="|") == [(1, ("x", "1"))]
    for format in ("csv", "tsv"):
        assert read(path, b"\r\n", format) == []


def test_csv_of_another_encoding(path):
    data = "q,b\n가나다,1\n".encode("cp949") + "깨진 글자,2\n".encode() + "라마바,3\n".encode("cp949")
    assert read(path, data, "csv", ("q", "b"), encoding="cp949") == [(1, ("가나다", "1")), (2, "encoding"), (3, ("라마바", "3"))]


def test_tsv_takes_quotes_as_they_are(path):
    data = 'q\tb\n그는 "왜\t1\n물었다"\t2\n\t3\n'.encode()
    assert read(path, data, "tsv", ("q", "b")) == [(1, ('그는 "왜', "1")), (2, ('물었다"', "2")), (3, ("", "3"))]


@pytest.mark.parametrize("format", ["stackexchange", "jsonl", "tsv", "csv", "json"])
def test_oversized_records_are_skipped(path, monkeypatch, format):
    monkeypatch.setattr(streams, "CHUNK_BYTES", 8)
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 50)
    pieces = {
        "stackexchange": (b"<posts>", b'<row q="%b" />', b"", b"</posts>"),
        "jsonl": (b"", b'{"q": "%b"}', b"\n", b""),
        "json": (b"[", b'{"q": "%b"}', b",", b"]"),
        "tsv": (b"q\n", b"%b", b"\n", b""),
        "csv": (b"q\n", b'"%b"', b"\n", b"\n"),
    }
    head, record, between, tail = pieces[format]
    data = head + between.join(record % text for text in (b"a", b"x" * 200, b"b", b"y" * 99)) + tail
    assert read(path, data, format) == [(1, ("a",)), (2, "oversized"), (3, ("b",)), (4, "oversized")]


def test_blanks_without_end_cost_little(path):
    for format, data in (("jsonl", b"\n"), ("jsonl", b" \t\n"), ("csv", b"q\n" + b"\r\n"), ("tsv", b"q\n" + b"\n"), ("json", b" ")):
        assert read(path, data + data[-1:] * 5_000_000, format) == []


@settings(max_examples=few(60))
@given(
    st.lists(st.binary(max_size=12).map(lambda part: part.replace(b"\r", b""))),
    st.integers(1, 9),
    st.sampled_from(["jsonl", "tsv", "csv", "stackexchange"]),
)
def test_what_is_found_does_not_depend_on_chunks(tmp_path_factory, parts, chunk, format):
    path = tmp_path_factory.mktemp("chunks") / "dump"
    head, join = {"stackexchange": (b"<posts>", b"<row "), "jsonl": (b"", b"\n"), "tsv": (b"q\n", b"\n"), "csv": (b"q\n", b'\n"')}[format]
    found = []
    for size in (chunk, 1 << 20):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(streams, "CHUNK_BYTES", size)
            patch.setattr(records, "MAX_RECORD_BYTES", 40)
            try:
                found.append(read(path, head + join.join(parts), format))
            except UserError as error:
                found.append([(0, str(error))])
    assert found[0] == found[1]


@settings(max_examples=few(100))
@given(st.lists(st.lists(st.integers(0, 5), max_size=20), max_size=6))
def test_occurrences_count_over_batches(batches):
    occurrences, seen = Occurrences(), list[int]()
    for batch in batches:
        expected = []
        for key in batch:
            expected.append(seen.count(key))
            seen.append(key)
        assert occurrences.count(numpy.array(batch, numpy.uint64)).tolist() == expected


def parquet(path: Path, **columns: object) -> Path:
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def values(path: Path, *columns: str) -> list:
    return [
        record.values if record.values is not None else record.reason for record in all_records(path, source("parquet", columns or ("q",)))
    ]


def no_text(*parts: bytes) -> pyarrow.Array:
    """Bytes that say they are text."""
    return pyarrow.array(parts, pyarrow.binary()).view(pyarrow.string())


def test_parquet(path):
    parquet(path, q=["가", None, "나"], other=[1, 2, 3], s=[{"t": ["x"]}, None, {"t": []}])
    assert values(path) == [("가",), (None,), ("나",)]
    assert values(path, "q", "s.t") == [("가", ["x"]), (None, None), ("나", [])]
    with pytest.raises(UserError, match=r"lacks the column x.*q, other"):
        values(path, "x")
    data = path.read_bytes()
    for broken in (data[:-30], data[: len(data) // 2], b"PAR1" + bytes(40), data[:4] + b"\xff" * 60 + data[64:]):
        path.write_bytes(broken)
        with pytest.raises(UserError, match="not a readable Parquet file"):
            values(path)


def test_parquet_with_values_that_are_none(path):
    assert values(parquet(path, q=no_text(b"ok", b"\xff\xfe"))) == [("ok",), "encoding"]
    assert values(parquet(path, q=no_text(b"ok", b"\xff\xfe", b"ok").dictionary_encode())) == [("ok",), "encoding", ("ok",)]
    lists = pyarrow.ListArray.from_arrays([0, 1, 2, 2], no_text(b"ok", b"\xff"))
    assert values(parquet(path, q=lists)) == [(["ok"],), "encoding", ([],)]
    times = pyarrow.array([0, 2**62], pyarrow.int64()).view(pyarrow.timestamp("us"))
    days = pyarrow.array([0, 2**31 - 1], pyarrow.int32()).view(pyarrow.date32())
    for column in (times, days):
        assert values(parquet(path, q=column))[1] == "out_of_range" and len(values(path)) == 2


def test_parquet_that_lies_about_its_rows_is_refused(path, tmp_path):
    table = pyarrow.table({"q": ["가"] * 10})
    with pyarrow.parquet.ParquetWriter(path, table.schema) as writer:
        for _ in range(2):
            writer.write_table(table)
    assert len(values(path)) == 20


@pytest.mark.parametrize("indent", [None, 2])
def test_a_file_may_be_one_record(path, indent):
    one = {"id": 1, "q": "질문", "level": {"grade": 3}}
    assert read(path, json.dumps(one, indent=indent).encode("utf-8-sig") + b"\n", "json", ("q", "level.grade")) == [(1, ("질문", 3))]
    nested = {"raw": {"topic": "가"}, "learning": {"q": "질문"}}
    assert read(path, json.dumps(nested, indent=indent).encode(), "json", ("learning.q",)) == [(1, ("질문",))]
    around = {"items": [{"q": "가"}, {"q": "나"}], "answer": {"text": "5"}}
    assert read(path, json.dumps(around, indent=indent).encode(), "json", ("items[].q", "answer.text")) == [
        (1, ("가", "5")),
        (2, ("나", "5")),
    ]


def test_one_item_of_a_list(path):
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "질문"}, {"role": "user", "content": "또"}]
    data = json.dumps({"messages": turns, "answers": [{"ok": False, "t": "x"}, {"ok": True, "t": "y"}]}).encode()
    columns = ("messages[role=user].content", "messages[1].content", "answers[ok=true].t", "messages[9].content")
    found = read(path, data, "jsonl", columns)
    assert found == [(1, ("질문", "질문", "y", None))]
    assert read(path, b'{"a[0]": "key", "a": ["item"]}', "jsonl", ("a[0]",)) == [(1, ("key",))]


@pytest.mark.parametrize(("format", "mark"), [("csv", ","), ("tsv", "\t")])
def test_titles_above_the_names_and_fields_without_names(path, format, mark):
    lines = ["sep=,", "2024년 문항,,", "q,a", "하나,1,,", ",,", "둘,2", ",", "셋,3,남는 것"]
    data = "\n".join(line.replace(",", mark) for line in lines).encode()
    assert read(path, data, format, ("q", "a")) == [(1, ("하나", "1")), (2, ("둘", "2")), (3, "wrong_columns")]
    for data in ("제목,x\n1,2\n", "제목,x\n" + "1,2\n" * 50, '제목,x\n"열린'):
        with pytest.raises(UserError, match="lacks the column q; its columns are 제목, x"):
            read(path, data.replace(",", mark).encode(), format)
