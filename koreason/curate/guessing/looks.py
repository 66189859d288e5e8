"""The beginning of a dump's file: how it is compressed, in which encoding it is, which format it has, how its fields are separated.

    look = looked(Path("posts.csv.gz"))
    look.format, look.encoding, look.separator      # "csv", "cp949", ","

At most a megabyte of a file is decompressed, and the middle of one that is not compressed is looked at, too.
"""

import csv
import itertools
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koreason.curate.reading.streamed.packed import KINDS, ZIP, check_directory
from koreason.curate.reading.streamed.streams import MARKS, opened
from koreason.errors import UserError

HEAD_BYTES = 1 << 20
MIDDLE_BYTES = 1 << 18
LINES = 200
LINES_DECODED = 5000
ENOUGH = 5  # lines by which a text is known for a table, whatever its name
PACKS = ("gzip", "zstd", "bzip2", "xz")
DOCUMENTS = (".md", ".markdown", ".html", ".htm", ".xhtml", ".txt")
SEPARATORS = ",\t;|"
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{},]', re.DOTALL)
QUOTED = re.compile(r'(?:^|\t)"[^"\t\n]*(?:""[^"\t\n]*)*"(?=[\t\r\n])', re.MULTILINE)  # a field that quotes hold together
TITLES = 10  # rows above a table's names, as `reading.titles` passes over
FOREIGN_FILES = [
    (re.compile(rb"\xd0\xcf\x11\xe0"), "is an old or encrypted Office file, or a Hangul document (hwp)", "save it as xlsx, CSV or text"),
    (re.compile(rb"%PDF-"), "is a PDF", "extract its text first"),
    (re.compile(rb"SQLite format 3\0"), "is an SQLite database", "export its table as CSV or JSON lines"),
    (re.compile(rb"ARROW1\0\0|FEA1"), "is an Arrow or Feather file", "write it as Parquet"),
    (re.compile(rb"\x93NUMPY|\x80[\x02-\x05]"), "is a file of Python's objects, which may run code", "write its records as JSON lines"),
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", re.DOTALL), "is a picture", "leave it out"),
]
# Records in forms that no reader knows: how they begin, how they are named.
RECORDS_UNREAD: list[tuple[re.Pattern[str] | None, set[str], str]] = [
    (re.compile(r"<\?xml\b(?!.*<(?:!doctype )?html)", re.DOTALL | re.IGNORECASE), {".xml"}, "XML of a kind that is not read"),
    (re.compile(r"(?:--.*\n|/\*.*\n|\s)*(?:CREATE TABLE|INSERT INTO|DROP TABLE|SET NAMES)\b", re.IGNORECASE), {".sql"}, "an SQL dump"),
    (None, {".yaml", ".yml", ".toml"}, "YAML or TOML"),
]
HALF_QUOTED = re.compile(r'(?:^|\t)"[^"\t]*(?:""[^"\t]*)*(?:"[^"\t]|(?=\t|$))')
HANGUL = re.compile("[가-힣]")
FOREIGN = re.compile("[\u3400-\u9fff\u3040-\u30ff\uff66-\uff9f]")


@dataclass(frozen=True)
class Look:
    """What the beginning of a file tells.

    Attributes:
        format: as in the catalogue.
        compression: gzip, zstd, bzip2, xz, zip or none.
        encoding: as in the catalogue: a superset of ASCII; for UTF-16 and UTF-32, which are known by their mark, utf-8.
        separator: of a table's fields; None for other formats.
        text: the beginning, decoded; empty for formats that are no text.
        reasons: why, a line each.
    """

    format: str
    compression: str
    encoding: str
    separator: str | None
    text: str
    reasons: tuple[str, ...]


def looked(path: Path) -> Look:
    """Look at a file.

    Raises:
        UserError: it is empty, is damaged in its beginning, or is nothing that can be read.
    """
    with open(path, "rb") as file:
        head = file.read(512)
    for magic, what, do in FOREIGN_FILES:
        if magic.match(head):
            raise UserError(what, path, do)
    if head.startswith(b"PAR1"):
        return Look("parquet", "none", "utf-8", None, "", ("it begins with Parquet's mark",))
    if head.startswith(ZIP) and head[30:38] == b"mimetype":  # its first member, as OpenDocument, EPUB and hwpx have it
        raise UserError("is a document of a word processor, or a book", path, "save it as text or HTML")
    packed = "zip" if head.startswith(ZIP) else next((name for name, kind in zip(PACKS, KINDS, strict=True) if kind[0].match(head)), "none")
    if packed == "zip" and _is_workbook(path):
        return Look("xlsx", "none", "utf-8", None, "", ("it is a zip with a workbook in it",))
    name, data = _beginning(path)
    if not data.strip():
        raise UserError("is empty", path, "leave it out, or fetch it again")
    reasons = [] if packed == "none" else [f"its first bytes are {packed}'s"]
    encoding, why = encoding_of(data, b"" if packed != "none" else _middle(path))
    mark = next((mark for mark, name in MARKS if head.startswith(mark)), b"") if packed == "none" else b""
    if mark:
        encoding, why = "utf-8", f"it begins with the mark of {dict(MARKS)[mark]}, by which it is read without more ado"
    elif foreign := _foreign_text(data):
        raise UserError(f"is in {foreign}", path, f"convert it to UTF-8, by `iconv -f {foreign} -t utf-8`")
    text = data.decode(encoding, "replace").removeprefix("\ufeff")
    inside = "" if name == path.name else f" in {name}"
    format, separator, how = format_of(text, name, f"{path.absolute()}{inside}")
    return Look(format, packed, encoding, separator, text, (*reasons, why, how))


def _foreign_text(data: bytes) -> str | None:
    """The encoding of text that is no superset of ASCII, or None: UTF-16 without its mark, and ISO-2022 with its escapes."""
    head = data[:4096]
    if head.startswith(b"\x1b$)C") or b"\n\x1b$)C" in head:
        return "iso-2022-kr"
    if b"\x1b$B" in head:
        return "iso-2022-jp"
    first, second = (head[start::2].count(0) for start in (0, 1))  # separators, digits, line ends; of Hangul few, as in 가, U+AC00
    if max(first, second) * 20 < len(head) or max(first, second) < 2 * min(first, second):
        return None
    return "utf-16-be" if first > second else "utf-16-le"


def _is_workbook(path: Path) -> bool:
    check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UserError(f"not a readable zip ({error})", path, "it is damaged or cut: fetch it again") from None


def _beginning(path: Path) -> tuple[str, bytes]:
    """The name of the first file in it that is not empty, and its beginning."""
    name = path.name
    for stream in opened(path, path.name, None):
        name, data = stream.name, b""
        for chunk in stream.chunks():
            data += chunk
            if len(data) >= HEAD_BYTES:
                return name, data[:HEAD_BYTES]
        if data.strip():
            return name, data
    return name, b""


def _middle(path: Path) -> bytes:
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        if size < 2 * HEAD_BYTES:
            return b""
        file.seek(size // 2)
        return file.read(MIDDLE_BYTES)


def encoding_of(data: bytes, middle: bytes = b"") -> tuple[str, str]:
    """The encoding in which most lines are text, and why: UTF-8 or CP949, which contains EUC-KR."""
    parts = [part.splitlines()[:-1] or [part] for part in (data, middle)]  # the last line may be cut
    lines = [line for line in itertools.chain(*parts) if not line.isascii()][:LINES_DECODED]
    if not lines:
        return "utf-8", "its sample is ASCII"
    good = {encoding: sum(map(_decodes, lines, [encoding] * len(lines))) for encoding in ("utf-8", "cp949")}
    if good["utf-8"] * 2 >= len(lines) or good["utf-8"] >= good["cp949"]:
        return "utf-8", f"{good['utf-8']:,} of {len(lines):,} lines that are not ASCII are UTF-8"
    text = b"\n".join(line for line in lines if _decodes(line, "cp949")).decode("cp949")
    hangul, foreign = len(HANGUL.findall(text)), len(FOREIGN.findall(text))
    doubt = "" if hangul > foreign else "; few of its letters are Hangul: it may be another encoding, then convert it to UTF-8"
    return "cp949", f"{good['cp949']:,} of {len(lines):,} lines that are not ASCII are CP949 (EUC-KR), {good['utf-8']:,} UTF-8{doubt}"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def format_of(text: str, name: str, where: str) -> tuple[str, str | None, str]:
    """Format, separator and why, from a file's beginning and its name.

    Raises:
        UserError: it holds records in a form that is not read, which would be taken for one long text.
    """
    start = text.lstrip()[:4096]
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if start.startswith("WARC/"):
        return "warc", None, "it begins as a web archive does"
    called_json = bool({".json", ".jsonl", ".ndjson"} & set(suffixes))
    if (called_json or start.startswith(("{", "["))) and (found := _json(text)):
        return found
    if called_json:
        do = "is it one value after another over several lines, `jq -c '.. | objects | select(has(\"KEY\"))' FILE` makes lines of them"
        raise UserError("is named as JSON, but neither is it one value nor is each line an object", where, do)
    if re.match(r"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<\w+[^>]*>\s*<row\s", start, re.DOTALL):
        return "stackexchange", None, "it is XML of rows"
    if re.match(r"<!doctype html|<html|<head|<meta|<table", start, re.IGNORECASE):
        if {".xls", ".xlsx", ".csv"} & set(suffixes):
            raise UserError("is a page of HTML with a table's name", where, "open it as a table and save it as xlsx or CSV")
        return "folder", None, "it is a page of HTML"
    for pattern, ends, what in RECORDS_UNREAD:
        if (pattern and pattern.match(start)) or ends & set(suffixes[-1:]):
            raise UserError(f"is {what}, which would be read as one text", where, "write its records as CSV or JSON lines")
    if fields := _regular(text, "\t"):
        return "csv" if _quotes(text) else "tsv", "\t", f"each of its lines has {fields} fields between tabs"
    if (fields := _regular(text, "|")) > 2 and not text.lstrip().startswith("|"):  # which a table of Markdown does
        return "csv", "|", f"each of its lines has {fields} fields between '|'"
    called_table = bool({".csv", ".tsv"} & set(suffixes))
    if not called_table and any(suffix in DOCUMENTS for suffix in suffixes[-2:]):
        return "folder", None, f"it is a {suffixes[-1]} file: one record{_but(text)}"
    separator, fields, why = separator_of(text, called_table)
    if fields > 1 or called_table:
        return "tsv" if separator == "\t" and not _quotes(text) else "csv", separator, why
    return "folder", None, f"it is plain text: one record{_but(text)}"


def _quotes(text: str) -> bool:
    """Whether quotes hold the fields between tabs together: some do, and none stands at a field's beginning only."""
    if not QUOTED.search(text):
        return False
    lines = lines_of(text)[:-1] or [text]
    even = all(line.count("\t") == lines[0].count("\t") for line in lines)
    return not (even and any(HALF_QUOTED.search(line) for line in lines))


def _regular(text: str, separator: str) -> int:
    """How many fields each of a text's lines has, where there are enough lines to tell; else 0."""
    lines = [line for line in lines_of(text, LINES) if line.strip()]
    fields = Counter(line.count(separator) for line in lines[:-1] or lines).most_common(2)  # the last may be cut
    return fields[0][0] + 1 if len(lines) > ENOUGH and len(fields) == 1 and fields[0][0] else 0


def _but(text: str) -> str:
    """What speaks against one record: lines that look like a text each."""
    lines = lines_of(text, LINES)
    if len(lines) > 20 and all(line.strip() for line in lines[:-1]):
        return "; but it has many lines: if each is a text, write a name above them, as `text`, and rename it to .tsv"
    return ""


def _json(text: str) -> tuple[str, None, str] | None:
    lines = [line for line in lines_of(text, LINES) if line.strip()]
    values = [value for value in map(_json_of, lines) if isinstance(value, dict)]  # the other lines may be damaged
    # an array or object over several lines, of which one may be an object by itself; looked for only where most lines are none
    begun = text.lstrip()[:1]
    whole = None if values and begun != "[" and 2 * len(values) >= len(lines) else completed(text)
    if values and whole is None:
        value = values[0]
        kind = "json" if len(lines) == 1 and _holds_records(value) else "jsonl"
    elif whole is None:
        return None
    else:
        value, kind = whole, "json"
    if is_discourse(value):
        return "discourse", None, "it has Discourse's keys"
    return kind, None, "each line is an object" if kind == "jsonl" else f"it is one JSON {'array' if isinstance(value, list) else 'object'}"


def lines_of(text: str, most: int = -1) -> list[str]:
    """A text's lines as files have them: `str.splitlines` ends them at U+2028, U+0085 and form feeds, too, which stand inside texts."""
    return re.split(r"\r\n?|\n", text)[: most if most > 0 else None]


def _json_of(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _holds_records(value: dict[str, Any]) -> bool:
    if len(value) > 1 and all(isinstance(item, dict) for item in value.values()):
        return True
    return any(isinstance(item, list) and item and isinstance(item[0], dict) for item in value.values())


def is_discourse(value: Any) -> bool:
    """Whether a JSON value is a topic, a post or a list of these, as Discourse writes them."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict):
        return False
    columns = value.get("columns")
    return (
        bool({"post_stream", "latest_posts", "topic_list"} & value.keys())
        or {"cooked", "post_number"} <= value.keys()
        or (isinstance(columns, list) and "post_number" in columns and "rows" in value)
    )


def completed(text: str) -> Any:
    """The JSON value that a text begins, as far as it goes: cut after the last whole item, and closed; None for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    stack, cut, closing = list[str](), 0, ""
    for match in TOKEN.finditer(text):
        mark = match[0]
        if mark in "[{":
            stack.append("]" if mark == "[" else "}")
            if len(stack) > 200:
                return None
        elif mark in "]}":
            if not stack or stack.pop() != mark:
                return None
        elif mark == ",":
            cut, closing = match.start(), "".join(reversed(stack))
    try:
        return json.loads(text[:cut] + closing) if cut else None
    except (ValueError, RecursionError):
        return None


def separator_of(text: str, titled: bool = False) -> tuple[str, int, str]:
    """The separator by which most lines have as many fields as the first, how many these are, and why.

    Titles may stand above the first line of a table that is `titled`.
    """
    best = (0.0, 0, ",")
    for separator in SEPARATORS:
        rows = list(rows_of(text, separator))
        rows = rows[head_of(rows) :] if titled else rows
        if rows and (width := len(rows[0])) > 1:
            same = Counter(map(len, rows))[width] / len(rows)
            if (same, width) > best[:2]:
                best = (same, width, separator)
    same, width, separator = best
    return separator, max(width, 1), f"{same:.0%} of its rows have {width} fields between {separator!r}" if width else "it has one column"


def head_of(rows: list[list[str]]) -> int:
    """Which row holds the names: the first with several fields filled, where most rows have several."""
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    found = (place for place, row in enumerate(rows[:TITLES]) if sum(1 for field in row if field.strip()) > 1)
    return next(found, 0) if width > 1 else 0


def rows_of(text: str, separator: str) -> Iterator[list[str]]:
    """The first rows, as `csv` reads them."""
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text[: HEAD_BYTES // 4])
    try:
        for row, _ in zip((row for row in csv.reader(lines[:-1] or lines, delimiter=separator) if row), range(LINES), strict=False):
            yield row
    except csv.Error:
        return
