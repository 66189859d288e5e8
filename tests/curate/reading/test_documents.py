"""Workbooks, folders of pages, web archives and forums' exports, as records."""

import gzip
import json
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from koreason.curate.reading import records
from koreason.curate.reading.documents.folder import read_folder
from koreason.curate.reading.streamed import packed, streams
from koreason.curate.reading.streamed.streams import opened
from koreason.curate.reading.wanted import Wanted
from koreason.errors import UserError
from tests.curate.dumps import all_records, read, source

ROWS = [["질문", "답", "날짜"], ["하나는?", 1, datetime(2024, 3, 1)], ["둘은?", 2.5, date(2024, 3, 2)], [], [" ", None], ["셋은?", True, 7]]


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def with_part(path: Path, part: str, text: str | bytes) -> Path:
    """The workbook with one part replaced."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()} | {part: text}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in parts.items():
            new.writestr(name, data)
    return path


def values(path: Path, *columns: str, **options: Any) -> list[Any]:
    found = all_records(path, source(columns=columns, **options))
    return [record.values or record.reason for record in found]


def test_a_workbook_gives_what_excel_shows(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"표": ROWS, "다른 표": [["q"], ["x"]]})
    assert values(path, "질문", "답", "날짜", format="xlsx") == [
        ("하나는?", "1", "2024-03-01"),
        ("둘은?", "2.5", "2024-03-02"),
        ("셋은?", True, "7"),
    ]
    assert values(path, "q", format="xlsx", sheet="다른 표") == [("x",)]
    pages = workbook(tmp_path / "b.xlsx", {"s": [["q", "a"], ["하나", 1], ["q", "a"], ["q", "b"]]})
    assert values(pages, "q", "a", format="xlsx") == [("하나", "1"), "names_again", ("q", "b")]
    with pytest.raises(UserError, match="has no sheet 'none'; it has 표, 다른 표"):
        values(path, "q", format="xlsx", sheet="none")
    with pytest.raises(UserError, match="lacks the column q"):
        values(path, "q", format="xlsx")


def test_a_workbook_reads_as_openpyxl_reads_it(tmp_path: Path) -> None:
    rows = [["q", "a"], *([f"질문 {n} <&>\n둘째 줄 _x000D_", f"{n}" if n % 3 else None] for n in range(300))]
    path = workbook(tmp_path / "a.xlsx", {"s": rows})
    plain = openpyxl.load_workbook(path).active.iter_rows(min_row=2, values_only=True)
    assert values(path, "q", "a", format="xlsx") == [tuple(row) for row in plain]


SHARED = """<sst><si><t>q</t></si><si><r><t>나는 </t></r><r><rPr/><t xml:space="preserve">누구 </t></r><rPh><t>소리</t></rPh></si>
<si/><si><t>둘</t></si></sst>"""


def sharing(path: Path, shared: str, *cells: int) -> Path:
    """A workbook of one column, whose cells share texts."""
    book = workbook(path, {"s": []})
    relations = zipfile.ZipFile(book).read("xl/_rels/workbook.xml.rels").decode()
    more = '<Relationship Type="http://x/sharedStrings" Target="/xl/Texts.xml" Id="rId99"/></Relationships>'
    with_part(book, "xl/_rels/workbook.xml.rels", relations.replace("</Relationships>", more))
    with_part(book, "xl/Texts.xml", shared)
    rows = "".join(f'<x:row><x:c t="s"><x:v>{cell}</x:v></x:c></x:row>' for cell in cells)
    return with_part(book, "xl/worksheets/sheet1.xml", f'<x:worksheet xmlns:x="y"><x:sheetData>{rows}</x:sheetData></x:worksheet>')


def test_texts_that_cells_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sharing(tmp_path / "a.xlsx", SHARED, 0, 1, 2, 3, 1, 4)
    assert values(path, "q", format="xlsx") == [("나는 누구 ",), ("둘",), ("나는 누구 ",), "out_of_range"]
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 10)
    assert values(path, "q", format="xlsx") == ["oversized", ("둘",), "oversized", "out_of_range"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ('<c r="A2" t="s"><v>99</v></c>', "out_of_range"),
        ('<c r="A2" t="s"><v>-1</v></c>', "out_of_range"),
        ('<c r="A2"><v>1e999x</v></c>', "out_of_range"),
        ('<c r="ZZZ2"><v>1</v></c>', "wrong_columns"),
        ('<c r="2"><v>1</v></c>', "not_xml"),
        (f'<c r="A2" t="str"><v>{"x" * 2000}</v></c>', "oversized"),
    ],
)
def test_a_bad_cell_costs_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str, reason: str) -> None:
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 1000)
    sheet = f'<row r="1"><c r="A1" t="str"><v>q</v></c></row><row r="2">{cell}</row><row r="1"><c t="str"><v>sound</v></c></row>'
    path = with_part(
        workbook(tmp_path / "a.xlsx", {"s": []}), "xl/worksheets/sheet1.xml", f"<worksheet><sheetData>{sheet}</sheetData></worksheet>"
    )
    assert values(path, "q", format="xlsx") == [reason, ("sound",)]


@pytest.mark.parametrize(
    "sheet",
    [
        '<worksheet><sheetData><row><c a="' + "x" * 5_000_000 + '"/></row></sheetData></worksheet>',
        "<!-- " + "x" * 5_000_000 + "--><worksheet/>",
        "<row>" * 200_000,
        '<!DOCTYPE a [<!ENTITY b "c">]><worksheet/>',
        "<worksheet><sheetData><row>",
        "no XML",
    ],
)
def test_a_damaged_workbook_is_refused_in_one_line(tmp_path: Path, sheet: str) -> None:
    path = with_part(workbook(tmp_path / "a.xlsx", {"s": []}), "xl/worksheets/sheet1.xml", sheet)
    with pytest.raises(UserError):
        values(path, "q", format="xlsx")


def test_a_workbook_that_unpacks_to_much_is_bounded(tmp_path: Path) -> None:
    head = '<row><c t="inlineStr"><is><t>q</t></is></c></row>'
    path = workbook(tmp_path / "a.xlsx", {"s": []})
    cells = head + "<row><c/></row>" * 10_000 + f"<row>{'<c/>' * 16_385}</row>"
    with_part(path, "xl/worksheets/sheet1.xml", f"<worksheet><sheetData>{cells}</sheetData></worksheet>")
    with_part(path, "xl/sharedStrings.xml", "<sst>" + "<si><t>abcdefgh</t></si>" * 10_000 + "</sst>")
    tracemalloc.start()
    assert values(path, "q", format="xlsx") == ["wrong_columns"]
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()
    with pytest.raises(UserError, match="holds more than 200,000 bytes once decompressed"):
        values(path, "q", format="xlsx", max_bytes=200_000)


def test_what_is_no_workbook_says_so(tmp_path: Path) -> None:
    for data, words in ((b"\xd0\xcf\x11\xe0old", "old or encrypted"), (b"PK\x03\x04cut", "no readable xlsx"), (b"", "no readable xlsx")):
        with pytest.raises(UserError, match=words):
            read(tmp_path / "a.xlsx", data, "xlsx")


PAGE = "<html><head><meta charset='{}'><title> 제목 &amp; 하나</title></head><body><p>본문</p></body></html>"


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("a/첫.html", PAGE.format("utf-8").encode(), ("제목 & 하나", PAGE.format("utf-8"), "a/첫.html")),
        ("b.htm", PAGE.format("euc-kr").encode("cp949"), ("제목 & 하나", PAGE.format("euc-kr"), "b.htm")),
        ("b.html", "<h1>머리</h1>글".encode(), ("머리", "<h1>머리</h1>글", "b.html")),
        ("c.md", "---\ntitle: '앞 글'\n---\n# 머리\n글\n".encode(), ("앞 글", "# 머리\n글\n", "c.md")),
        ("c.MD", "글\n\n## 머리 ##\n".encode(), ("머리", "글\n\n## 머리 ##\n", "c.MD")),
        ("d.txt", "\ufeff글".encode(), ("d", "글", "d.txt")),
        ("d.txt", "글".encode("utf-16"), ("d", "글", "d.txt")),
        ("d.txt", "글".encode("cp949"), "encoding"),
        ("e.txt.gz", gzip.compress("글".encode()), ("e", "글", "e.txt.gz")),
    ],
)
def test_a_file_of_a_folder_is_a_record(tmp_path: Path, name: str, data: bytes, found: Any) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    entry = source("folder", ("title", "text", "path"))
    for stream in opened(path, name, None):
        (record,) = read_folder(stream, entry, Wanted(entry))
        assert (record.values or record.reason) == found
        assert stream.bytes == (record.bytes or 0) + stream.between


def test_a_page_may_be_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 1 << 20)
    assert read(tmp_path / "a.html", b"<p>" * 1_000_000, "folder", ("text",)) == [(1, "oversized")]
    assert read(tmp_path / "a.html", b"", "folder", ("text",)) == []
    assert read(tmp_path / "a.html", b"<title>" * 100_000, "folder", ("title",)) == [(1, ("a",))]


def warc(body: bytes, kind: str = "response", http: str | None = "HTTP/1.1 200 OK\r\nContent-Type: text/html", **over: Any) -> bytes:
    block = (http + "\r\n\r\n").encode() + body if http else body
    length = over.get("length", len(block))
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://a.kr/{over.get('path', 'x')}\r\nWARC-Date: 2024-01-02T03:04:05Z\r\n"
    head += f"WARC-Record-ID: <urn:uuid:1>\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {length}\r\n\r\n"
    return head.encode() + block + b"\r\n\r\n"


WARC = ("url", "title", "text", "date")
PAGE_BODY = "<title>가</title>나".encode()
SOUND = ("http://a.kr/x", "가", "<title>가</title>나", "2024-01-02T03:04:05Z")


def test_pages_of_a_web_archive(tmp_path: Path) -> None:
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (PAGE_BODY[:5], PAGE_BODY[5:])) + b"0\r\n\r\n"
    data = [
        warc(b"software: x\r\n", "warcinfo", None),
        warc(b"GET / HTTP/1.1\r\n\r\n", "request", None),
        warc(PAGE_BODY),
        warc(gzip.compress(PAGE_BODY), http="HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip"),
        warc(chunked, http="HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked"),
        warc("<title>가</title>나".encode("cp949"), http="HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=EUC-KR"),
        warc(b"\xff\xd8", http="HTTP/1.1 200 OK\r\nContent-Type: image/jpeg"),
        warc(b"none", http="HTTP/1.1 404 Not Found\r\nContent-Type: text/html"),
        warc(b"\xff\xff", http="HTTP/1.1 200 OK\r\nContent-Type: text/html"),
    ]
    skipped, read_of = "not_a_page", [SOUND] * 4
    expected = [skipped, skipped, *read_of, skipped, skipped, "encoding"]
    for whole in (b"".join(data), b"".join(gzip.compress(record) for record in data)):
        found = read(tmp_path / "a.warc.gz", whole, "warc", WARC)
        assert [value for _, value in found] == expected


@pytest.mark.parametrize("length", [0, 10, 200, 500, 5_000_000, 10**17])
def test_a_wrong_length_costs_no_more_than_it_has_to(tmp_path: Path, length: int) -> None:
    data = warc(PAGE_BODY) + warc(PAGE_BODY, length=length) + warc(PAGE_BODY) * 2
    found = [value for _, value in read(tmp_path / "a.warc", data, "warc", WARC)]
    assert found[0] == SOUND and "not_warc" in found
    assert found.count(SOUND) == (3 if length < records.MAX_RECORD_BYTES else 1)


def test_a_cut_archive_shows(tmp_path: Path) -> None:
    data = warc(PAGE_BODY) * 3
    assert [value for _, value in read(tmp_path / "a.warc", data[:-20], "warc", WARC)] == [SOUND, SOUND, "not_warc"]
    with pytest.raises(UserError, match="cannot be decompressed"):
        read(tmp_path / "a.warc.gz", gzip.compress(data)[:-20], "warc", WARC)
    assert [value for _, value in read(tmp_path / "a.warc", b"no archive\r\n" * 9, "warc", WARC)] == ["not_warc"]


def test_an_archive_is_read_in_any_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = warc(PAGE_BODY) + b"junk" * 50 + warc(b"x" * 3000) + warc(b"y" * 9000, "metadata", None) + warc(PAGE_BODY)
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 2000)
    whole = read(tmp_path / "a.warc", data, "warc", WARC)
    for size in (7, 100, 1000):
        monkeypatch.setattr(packed, "CHUNK_BYTES", size)
        monkeypatch.setattr(streams, "CHUNK_BYTES", size)
        assert read(tmp_path / "a.warc", data, "warc", WARC) == whole


TOPIC = {
    "id": 7,
    "title": "설치가 안 됩니다",
    "slug": "install",
    "post_stream": {
        "posts": [
            {"post_number": 1, "cooked": "<p>질문</p>", "raw": "질문", "created_at": "2024-01-01T00:00:00Z"},
            {"post_number": 2, "cooked": "<p>아니요</p>", "raw": "아니요"},
            {"post_number": 3, "cooked": "<p>답</p>", "raw": "답", "accepted_answer": True},
        ]
    },
}
DISCOURSE = ("title", "cooked", "raw", "url", "answer_cooked")
READ = ("설치가 안 됩니다", "<p>질문</p>", "질문", "/t/install/7", "<p>답</p>")


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(TOPIC),
        json.dumps(TOPIC, indent=2),
        json.dumps([TOPIC]),
        json.dumps([TOPIC], indent=1, ensure_ascii=False),
        "\n" + json.dumps(TOPIC, ensure_ascii=False) + "\n",
        json.dumps(TOPIC | {"accepted_answer": {"post_number": 3}}).replace('"accepted_answer": true', '"x": 1'),
    ],
)
def test_a_topic_is_its_first_post(tmp_path: Path, text: str) -> None:
    assert read(tmp_path / "a.json", text.encode(), "discourse", DISCOURSE) == [(1, READ)]


def test_other_exports_of_a_forum(tmp_path: Path) -> None:
    post = {"post_number": 1, "topic_id": 3, "topic_title": "제목", "topic_slug": "s", "cooked": "<p>글</p>", "raw": "글"}
    reply = post | {"post_number": 2}
    columns = ("title", "raw", "url")
    one = ("제목", "글", "/t/s/3")
    for value in ({"latest_posts": [post, reply]}, {"columns": list(post), "rows": [list(post.values()), list(reply.values())]}):
        found = read(tmp_path / "a.json", json.dumps(value).encode(), "discourse", columns)
        assert found == [(1, one), (2, "not_a_question")]
    lines = "\n".join(map(json.dumps, [post, reply, {"topic_list": {"topics": [{"id": 1}]}}, 3, {"post_stream": {"posts": [3]}}, {}]))
    found = [value for _, value in read(tmp_path / "a.jsonl", (lines + "\n{torn").encode(), "discourse", columns)]
    assert found == [one, "not_a_question", "not_a_question", "not_an_object", "not_an_object", "no_question", "not_json"]
