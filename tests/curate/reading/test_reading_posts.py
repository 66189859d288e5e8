"""Stack Exchange dumps: rows by themselves, whatever stands between them."""

from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from koreason.curate.reading import records
from koreason.curate.reading.streamed import streams
from tests.curate.dumps import read


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dump"


def xml(*rows: str) -> bytes:
    return ('<?xml version="1.0" encoding="utf-8"?>\n<posts>\n' + "".join(f"  {row}\n" for row in rows) + "</posts>\n").encode()


def test_stackexchange(path):
    body = '<p>a &lt; b &amp; "c"</p>\n둘째 줄'
    data = xml(
        f'<row Id="1" PostTypeId="1" q={quoteattr(body)} />',
        '<row Id="2" PostTypeId="2" q="an answer" />',
        '<row Id="3" PostTypeId="1" q="torn off',
        '<row\tId="4" q="x > y" />',
        '<!-- <row Id="0" q="in a comment" /> -->',
        '<row\nId="5" q="control &#x1; character" />',
        '<row Id="6" q="b"></row>',
        "<row Id='7' q='c'/> between <rowing q='no row' />",
    ).replace(b"</posts>", b'<row Id="8" q="bad \xff byte" /></posts>')
    assert [values if isinstance(values, str) else values[0] for _, values in read(path, data, "stackexchange")] == [
        body,
        "not_a_question",
        "not_xml",
        "x > y",
        "not_xml",
        "b",
        "c",
        "not_xml",
        "encoding",
    ]


def test_stackexchange_on_one_line_and_cut_at_any_byte(path, monkeypatch):
    data = b'<posts><!-- <row q="x"> --><row Id="1" q="a" /><row Id="2" q="b"></row><row Id="3" q="c" /></posts>'
    monkeypatch.setattr(streams, "CHUNK_BYTES", 1)
    assert [values[0] for _, values in read(path, data, "stackexchange")] == ["a", "b", "c"]
    assert [values for _, values in read(path, data[:60], "stackexchange")] == [("a",), "not_xml", "not_xml"]
    assert read(path, data[:47], "stackexchange") == [(1, ("a",)), (2, "not_xml")]  # the cut itself


def test_entities_are_never_expanded(path):
    bomb = '<!DOCTYPE posts [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    data = f'<?xml version="1.0"?>{bomb}<posts><row q="&b;" /><row q="&f;" /><row q="sound &amp; safe" /></posts>'.encode()
    assert read(path, data, "stackexchange") == [(1, "not_xml"), (2, "not_xml"), (3, ("sound & safe",))]


def test_a_row_cannot_bring_its_own_entities(path):
    data = b'<posts><row q="a" /><!DOCTYPE x [<!ENTITY e "boom">]><row q="&e;" /></posts>'
    assert read(path, data, "stackexchange") == [(1, ("a",)), (2, "not_xml"), (3, "not_xml")]


@pytest.mark.parametrize("limit", [60, 1 << 24])
def test_a_comment_that_never_ends_costs_itself(path, monkeypatch, limit):
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", limit)
    data = b'<posts><row q="a"/><!-- <b> <row q="b"/> -- ><row q="c"/></posts>'
    assert read(path, data, "stackexchange") == [(1, ("a",)), (2, "not_xml"), (3, ("b",)), (4, "not_xml"), (5, ("c",))]
    assert read(path, data.replace(b"-- >", b"-->"), "stackexchange") == [(1, ("a",)), (2, ("c",))]
