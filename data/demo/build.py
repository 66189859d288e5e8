"""Build the demo dumps from the texts that people can read and review:  python data/demo/build.py [FOLDER]

`text/` holds what was written by hand, `families.py` exercises that differ in their numbers. The dumps imitate real
ones, dirt included. In the texts, `---` ends an entry, and a word after it says what happens to the next one:

    again N     the N-th entry of the file follows once more
    post N      the N-th entry of webqa.txt was posted here too
    torn        its record is cut off in the middle
    badbyte     some of its bytes are of another encoding
    notobject   a JSON value that is no object takes its place
    answer      it is an answer post, not a question
"""

import csv
import gzip
import io
import json
import sys
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

import pyarrow
import pyarrow.parquet
import zstandard

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import families  # noqa: E402

FIRST_ID = 1001


class Entry(NamedTuple):
    """A written entry: its text and what is to happen to it."""

    text: str
    mark: str = ""


def entries(name: str) -> list[Entry]:
    """The entries of a text file, repeated ones included."""
    found: list[Entry] = []
    written: list[str] = []
    lines: list[str] = []
    mark = ""

    def close() -> None:
        text = "\n".join(lines).strip("\n")
        if text.strip() or mark == "notobject":
            written.append(text)
            found.append(Entry(text, mark))
        lines.clear()

    for line in (HERE / "text" / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("---"):
            lines.append(line)
            continue
        close()
        mark = line.removeprefix("---").strip()
        if mark.startswith("again "):
            found.append(Entry(written[int(mark.removeprefix("again ")) - 1]))
            mark = ""
        elif mark.startswith("post "):
            title, _, body = entries("webqa.txt")[int(mark.removeprefix("post ")) - 1].text.partition("\n")
            found.append(Entry(f"title: {title}\nbody: {body}"))
            mark = ""
    close()
    return found


def damaged(record: bytes, mark: str, encoding: str = "utf-8") -> bytes:
    """A record as a broken crawler leaves it."""
    if mark == "torn":
        return record[: 2 * len(record) // 3].decode(encoding, "ignore").encode(encoding)
    if mark == "badbyte":
        middle = len(record) // 2
        other = "utf-8" if encoding == "cp949" else "cp949"
        head = record[:middle].decode(encoding, "ignore").encode(encoding)
        tail = record[middle:].decode(encoding, "ignore").encode(encoding)
        return head + "깨진 글자".encode(other) + b"\xff" + tail
    return record


def field(text: str, name: str) -> str:
    """The rest of the line that starts with `name: `."""
    return next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith(f"{name}:")), "")


def webqa() -> bytes:
    """`Posts.xml` of a Stack Exchange dump."""
    rows = []
    for index, entry in enumerate(entries("webqa.txt")):
        title, _, body = entry.text.partition("\n")
        kind = 'PostTypeId="2" ParentId="1001"' if entry.mark == "answer" else f'PostTypeId="1" Title={quoteattr(title)}'
        body = body if entry.mark != "answer" else entry.text
        day = f"2023-{1 + index % 12:02d}-{1 + index % 28:02d}T{index % 24:02d}:15:00.000"
        row = f'  <row Id="{FIRST_ID + index}" {kind} CreationDate="{day}" Score="{index % 9}" Body={quoteattr(body)} />\n'
        rows.append(damaged(row.encode(), entry.mark))
    return b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\n<posts>\n' + b"".join(rows) + b"</posts>\n"


def json_lines(records: list[tuple[dict[str, object], str]]) -> bytes:
    """One JSON object a line."""
    lines = []
    for record, mark in records:
        value: object = "null" if mark == "notobject" else record
        line = json.dumps(value, ensure_ascii=False).encode()
        lines.append(damaged(line, mark) + b"\n")
    return b"".join(lines)


def forum() -> bytes:
    """JSON lines of a forum's posts."""
    records: list[tuple[dict[str, object], str]] = []
    for index, entry in enumerate(entries("forum.txt")):
        url = f"https://forum.example.com/posts/{FIRST_ID + index}"
        records.append(({"id": index, "url": url, "title": field(entry.text, "title"), "body": field(entry.text, "body")}, entry.mark))
    return json_lines(records)


def exams() -> bytes:
    """A spreadsheet of examination questions as saved by a Korean Windows program."""
    rows = []
    for entry in entries("exams.txt"):
        options = [option.strip() for option in field(entry.text, "보기").split(" / ") if option.strip()]
        labelled = "\n".join(f"{'①②③④⑤'[place]} {option}" for place, option in enumerate(options))
        rows.append(([field(entry.text, "과목"), field(entry.text, "문"), labelled, field(entry.text, "답")], entry.mark))
    rows += [([subject, question, "", answer], "") for subject, question, answer in families.exams()]
    lines = []
    for number, (values, mark) in enumerate([(["과목", "문제", "보기", "정답"], ""), *rows]):
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow(["번호" if number == 0 else number, *values])
        lines.append(damaged(line.getvalue().encode("cp949"), mark, "cp949"))
        if number == 40:
            lines.append("41,국사,이 줄은 열의 수가 모자랍니다\r\n".encode("cp949"))
    return b"".join(lines)


def quiz() -> bytes:
    """Tab-separated quiz questions."""
    return b"topic\tquestion\tanswer\n" + (HERE / "text" / "quiz.txt").read_bytes()


def science() -> bytes:
    """A Parquet file of science questions."""
    written = [(entry.text, None) for entry in entries("science.txt")]
    made = [(question, answer) for _, question, answer in families.science()]
    questions, answers = zip(*(written + made), strict=True)
    table = pyarrow.table({"body": pyarrow.array(questions), "solution": pyarrow.array(answers, pyarrow.string())})
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def code() -> bytes:
    """JSON lines of programming questions."""
    return json_lines([({"no": index, "text": entry.text}, entry.mark) for index, entry in enumerate(entries("code.txt"))])


def dumps() -> dict[str, bytes]:
    """File name to its bytes."""
    return {
        "webqa.xml": webqa(),
        "forum.jsonl.gz": gzip.compress(forum(), mtime=0),
        "exams.csv": exams(),
        "quiz.tsv": quiz(),
        "science.parquet": science(),
        "code.jsonl.zst": zstandard.ZstdCompressor(level=10).compress(code()),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    for name, data in dumps().items():
        (folder / name).write_bytes(data)
