"""What dumps are taken for: format, encoding, columns, language."""

import gzip
import json
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from koreason.curate.guessing.guess import guess
from koreason.curate.guessing.looks import completed
from koreason.curate.guessing.roles import roles
from koreason.errors import UserError

ASKED = [f"{number}번째로 물어보는 내용은 무엇인가요? 자세히 알려 주세요." for number in range(30)]
ROWS = [{"제목": f"제목 {number}", "본문": text, "작성일": "2024-01-02", "주소": "https://a.kr/1"} for number, text in enumerate(ASKED)]


def table(mark: str, head: list[str] | None = None) -> str:
    return "\n".join([mark.join(head or ROWS[0]), *(mark.join(row.values()) for row in ROWS)]) + "\n"


def squad() -> dict[str, Any]:
    qas = [{"question": text, "answers": [{"text": "답", "answer_start": 1}], "id": "1"} for text in ASKED]
    return {"version": "1", "data": [{"title": "글", "paragraphs": [{"context": "지문입니다", "qas": qas}]}]}


POST = {"question": ["제목", "본문"], "url": ["주소"], "posted_at": ["작성일"]}


@pytest.mark.parametrize(
    ("name", "data", "format", "encoding", "separator", "columns"),
    [
        ("a.csv", table(",").encode(), "csv", "utf-8", ",", POST),
        ("a.csv", table(",").encode("utf-8-sig"), "csv", "utf-8", ",", POST),
        ("a.csv", table(",").encode("utf-16"), "csv", "utf-8", ",", POST),
        ("a.csv", table(";").encode("cp949"), "csv", "cp949", ";", POST),
        ("a.txt.gz", gzip.compress(table("\t").encode("cp949")), "tsv", "cp949", "\t", POST),
        ("a.txt", table("\t").encode("utf-16"), "tsv", "utf-8", "\t", POST),
        ("a.tsv.gz", gzip.compress(table("\t").encode("cp949")), "tsv", "cp949", "\t", POST),
        ("a.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode(), "jsonl", "utf-8", None, POST),
        ("a.json", json.dumps(ROWS, indent=2).encode(), "json", "utf-8", None, POST),
        ("a.json", json.dumps({str(number): row for number, row in enumerate(ROWS)}).encode(), "json", "utf-8", None, POST),
        (
            "a.json",
            json.dumps(squad()).encode(),
            "json",
            "utf-8",
            None,
            {
                "question": ["data[].paragraphs[].qas[].question"],
                "passage": ["data[].paragraphs[].context"],
                "answer": ["data[].paragraphs[].qas[].answers[].text"],
            },
        ),
        ("a.html", "<!DOCTYPE html><title>가</title>나".encode(), "folder", "utf-8", None, {"question": ["text"]}),
        ("a", b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n", "error", "", None, {}),
    ],
)
def test_formats(tmp_path: Path, name: str, data: bytes, format: str, encoding: str, separator: str | None, columns: Any) -> None:
    (tmp_path / name).write_bytes(data)
    if format == "error":
        with pytest.raises(UserError, match="no record can be read"):
            guess([tmp_path / name])
        return
    found = guess([tmp_path / name])
    assert (found.format, found.encoding, found.separator, found.columns) == (format, encoding, separator, columns)
    assert found == guess([tmp_path])
    assert all("\n" not in reason for reason in found.reasons)


def test_tables_that_are_no_text(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    assert guess([tmp_path / "a.parquet"]).columns == POST
    book = openpyxl.Workbook()
    for row in ([*ROWS[0]], *([*row.values()] for row in ROWS)):
        book.active.append(row)
    book.save(tmp_path / "b.xlsx")
    found = guess([tmp_path / "b.xlsx"])
    assert (found.format, found.columns) == ("xlsx", POST)
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("in/c.csv", table(","))
    found = guess([tmp_path / "c.zip"])
    assert (found.format, found.compression, found.columns) == ("csv", "zip", POST)


@pytest.mark.parametrize(
    ("names", "values", "expected"),
    [
        (("question", "A", "B", "C", "D", "answer"), (ASKED[0], "가", "나", "다", "라", "2"), "options gold"),
        (("문제", "보기", "정답", "해설"), (ASKED[0], ["가", "나"], "1", "풀이는 다음과 같이 길게 이어집니다."), "options gold answer"),
        (("q", "a"), (ASKED[0], "답입니다"), "answer"),
        (("instruction", "input", "output"), (ASKED[0], "덧붙임", "답입니다"), "answer"),
        (("c1", "c2"), ("이름", ASKED[0]), ""),
    ],
)
def test_roles(names: tuple[str, ...], values: tuple[Any, ...], expected: str) -> None:
    found, reasons = roles({name: [value] * 20 for name, value in zip(names, values, strict=True)})
    assert ASKED[0] in [values[names.index(name)] for name in found["question"]]
    assert set(expected.split()) == found.keys() - {"question"}
    assert len(reasons) == len(found)


def test_the_files_of_a_folder(tmp_path: Path) -> None:
    for number in range(25):
        (tmp_path / f"{number:02}.csv").write_text(table(","))
    (tmp_path / "README.md").write_text("# 읽어 보세요")
    (tmp_path / "LICENSE").write_text("free")
    found = guess([tmp_path])
    assert found.format == "csv" and len(found.files) == 25
    assert set(found.left_out) == {"README.md", "LICENSE"}
    assert found.language_share > 0.9 and not found.html


@pytest.mark.parametrize("data", [b"", b" \n", b"\x1f\x8b\x08cut", b"PK\x03\x04cut", b"PAR1cut", b"7z\xbc\xaf\x27\x1c"])
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(UserError):
        guess([tmp_path / "a"])


def test_a_large_file_is_looked_at_in_its_beginning(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.json.gz", "wb", compresslevel=1) as file:
        file.write(b"[")
        for _ in range(40):
            file.write(json.dumps([*ROWS] * 20).encode()[1:-1] + b",")
        file.write(b"{}]")
    assert guess([tmp_path / "a.json.gz"]).columns == POST


def test_json_is_completed() -> None:
    text = json.dumps(squad())
    for end in range(60, len(text), 7):
        value = completed(text[:end])
        assert value is None or value["version"] == "1"
    assert completed('["a,]", {"b": [1, 2') == ["a,]", {"b": [1]}]
    assert completed("[" * 100_000) is None


def test_one_object_a_file(tmp_path: Path) -> None:
    for number, text in enumerate(ASKED):
        record = {"rawDataInfo": {"grade": "고1"}, "learningDataInfo": {"question": text, "answer": "5"}}
        (tmp_path / f"{number:02}.json").write_text(json.dumps(record, ensure_ascii=False, indent=2))
    found = guess([tmp_path])
    assert found.format == "json" and len(found.files) == len(ASKED)
    assert found.columns == {"question": ["learningDataInfo.question"], "answer": ["learningDataInfo.answer"]}


@pytest.mark.parametrize(("role", "user", "bot", "text"), [("role", "user", "assistant", "content"), ("from", "human", "gpt", "value")])
def test_dialogues(tmp_path: Path, role: str, user: str, bot: str, text: str) -> None:
    talks = [{"talk": [{role: "system", text: "s"}, {role: user, text: asked}, {role: bot, text: "답"}]} for asked in ASKED]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(talk) for talk in talks))
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(talks), tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.parquet"):
        assert guess([tmp_path / name]).columns == {"question": [f"talk[{role}={user}].{text}"], "answer": [f"talk[{role}={bot}].{text}"]}


def test_tables_as_people_export_them(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sep=;\n2024년 질문;;\n" + table(";", ["제목", "본문", "작성일", ""]))
    assert guess([tmp_path / "a.csv"]).columns == {"question": ["제목", "본문"], "posted_at": ["작성일"]}
    book = openpyxl.Workbook()
    book.active.append(["안내"])
    sheet = book.create_sheet("문항")
    for row in (["2024년 1학기"], [], ["문제", "①", "②", "정답", "메모", "메모"], *([asked, "가", "나", 2, "", "x"] for asked in ASKED)):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    found = guess([tmp_path / "a.xlsx"])
    assert (found.sheet, found.source().sheet) == ("문항", "문항")
    assert found.columns == {"question": ["문제"], "options": ["①", "②"], "gold": ["정답"]}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.json", b'{"question": ["a", "b"], "answer": ["c", "d"]}', "holds columns and no records"),
        ("a.json", b'{"question": {"0": "a"},\n "answer": {"0": "c"}}', "holds columns and no records"),
        ("a.jsonl", b'{\n "q": 1\n}\n{\n "q": 2\n}\n', "named as JSON"),
        ("a.hwp", b"\xd0\xcf\x11\xe0" + bytes(600), "Hangul document"),
        ("a.txt", b"%PDF-1.7\n", "is a PDF"),
        ("a.csv", b'q,a\n"\\"x\\"",1\n', "its first records are not_csv"),
        ("a.csv", b"q,a\n", "names of columns and no record"),
        ("a.json", b'[{"q": 1}]\n[{"q": 2}]\n', "nor is each line an object"),
        ("a.csv", "질문,답\n무엇인가요?,가\n".encode("utf-16-le"), "is in utf-16-le; convert it"),
        ("a.csv", "질문,답\n".encode("utf-16-be"), "is in utf-16-be"),
        ("a.csv", "질문,답\n".encode("iso2022_kr"), "is in iso-2022-kr"),
        ("a.xml", "<?xml version='1.0'?><items><item>가</item></items>".encode(), "XML of a kind that is not read"),
        ("a.yaml", "- question: 가\n".encode(), "is YAML"),
        ("a.json", '["무엇인가요?", "왜죠?"]'.encode(), "holds values without names"),
        ("a.sql", "-- MySQL dump\nINSERT INTO `board` VALUES (1,'가');\n".encode(), "is an SQL dump"),
        ("a.xls", "<table><tr><td>가</td></tr></table>".encode(), "HTML with a table's name"),
        ("a.jsonl", b'{"question": "", "answer": "long enough to be one"}\n', "question is named as a question and empty in all"),
    ],
)
def test_what_is_no_dump_says_what_to_do(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=words):
        guess([tmp_path / name]).source()


def test_quotes_between_tabs(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("질문\t답\n" + "".join(f'"{asked}"\t"답"\n' for asked in ASKED))
    assert guess([tmp_path / "a.tsv"]).format == "csv"
    (tmp_path / "a.tsv").write_text("질문\t답\n" + "".join(f'"{asked}"\t"왜" 라고 했다\n' for asked in ASKED))
    assert guess([tmp_path / "a.tsv"]).format == "tsv"


def test_a_text_that_may_be_a_table_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join(ASKED))
    assert "if each is a text" in guess([tmp_path / "a.txt"]).reasons[0]
    (tmp_path / "a.txt").write_text("\n\n".join(ASKED))
    assert guess([tmp_path / "a.txt"]).reasons[0] == "format folder: it is a .txt file: one record"


def test_a_damaged_line_does_not_hide_what_the_others_are(tmp_path: Path) -> None:
    lines = ['{"q": ' + "9" * 5000 + "}", "[" * 5000, *(json.dumps(row) for row in ROWS)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert guess([tmp_path / "a.jsonl"]).columns == POST


def test_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(".DS_Store", "x")
        archive.writestr("b/.c/a.jsonl", "x")
        archive.writestr("a.jsonl.gz", gzip.compress(b"{}"))
    with pytest.raises(UserError, match=r"holds another compressed file \(a\.zip/a\.jsonl\.gz\)"):
        guess([tmp_path / "a.zip"])


def test_pictures_beside_texts_hide_no_column(tmp_path: Path) -> None:
    rows = [{"문제": asked, "image": {"bytes": b"\x89PNG\xff", "path": "a.png"}, "raw": b"\xff\xfe"} for asked in ASKED]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert guess([tmp_path / "a.parquet"]).columns == {"question": ["문제"]}


def test_topics_in_markdown_alone(tmp_path: Path) -> None:
    export = {"columns": ["topic_id", "post_number", "title", "raw"], "rows": [[n, 1, "제목", asked] for n, asked in enumerate(ASKED)]}
    (tmp_path / "a.json").write_text(json.dumps(export, ensure_ascii=False), encoding="utf-8")
    assert guess([tmp_path / "a.json"]).columns["question"] == ["title", "raw"]


def test_a_zip_of_several_kinds_says_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("하나.csv", table(","))
        archive.writestr("그림.png", b"\x89PNG\r\n\xff\xff")
    with pytest.raises(UserError, match=r"a.zip: holds several kinds of files \(1 .csv, 1 .png\)"):
        guess([tmp_path / "a.zip"])


@pytest.mark.parametrize("name", ["a.csv.txt", "a.txt"])
def test_tables_that_are_named_as_texts(tmp_path: Path, name: str) -> None:
    mark = "," if ".csv" in name else "|"
    (tmp_path / name).write_text(table(mark))
    assert (found := guess([tmp_path / name])).separator == mark and found.columns == POST
    (tmp_path / "b.md").write_text(table("|").replace("\n", "|\n|"))
    assert guess([tmp_path / "b.md"]).format == "folder"


def test_files_with_other_columns_are_said(tmp_path: Path) -> None:
    (tmp_path / "2021.csv").write_text("질문,답변\n" + "".join(f"{asked},답\n" for asked in ASKED))
    (tmp_path / "2022.csv").write_text("질문내용,답변내용\n" + "".join(f"{asked},답\n" for asked in ASKED))
    assert any(reason.startswith("but 2022.csv has other columns: make a source of each") for reason in guess([tmp_path]).reasons)


def test_an_array_with_an_object_a_line_is_no_lines(tmp_path: Path) -> None:
    rows = [json.dumps(row, ensure_ascii=False) for row in ROWS]
    for number, text in enumerate(["[\n" + ",\n".join(rows) + "\n]\n", '{"data": [\n' + ",\n".join(rows) + "\n]}"]):
        (tmp_path / f"{number}.json").write_text(text)
        found = guess([tmp_path / f"{number}.json"])
        assert (found.format, found.columns["question"]) == ("json", [["제목", "본문"], ["data[].제목", "data[].본문"]][number])


def test_line_separators_inside_of_texts_end_no_line(tmp_path: Path) -> None:
    rows = [{"질문": f"{asked}\u2028다음\x85줄\x0c쪽"} for asked in ASKED]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    assert (found := guess([tmp_path / "a.jsonl"])).format == "jsonl" and found.columns == {"question": ["질문"]}


def test_names_and_texts_as_macos_writes_them(tmp_path: Path) -> None:
    text = unicodedata.normalize("NFD", "질문,답변\n" + "".join(f"{asked},{asked}\n" for asked in ASKED))
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    found = guess([tmp_path / "a.csv"])
    assert [unicodedata.normalize("NFC", name) for name in found.columns["question"] + found.columns["answer"]] == ["질문", "답변"]
    assert found.columns["question"] != ["질문"], "it is named as the file names it"
    assert found.language_share > 0.9


def test_a_question_behind_two_hundred_columns(tmp_path: Path) -> None:
    head = [*(f"c{number}" for number in range(400)), "질문"]
    rows = "".join(",".join(["1"] * 400 + [asked]) + "\n" for asked in ASKED)
    (tmp_path / "a.csv").write_text(",".join(head) + "\n" + rows)
    assert guess([tmp_path / "a.csv"]).columns == {"question": ["질문"]}


def test_what_a_table_loses_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("".join(f"{number},{asked}\n" for number, asked in enumerate(ASKED)))
    assert any("its first line looks like a record" in reason for reason in guess([tmp_path / "a.csv"]).reasons)
    (tmp_path / "b.csv").write_text("질문,답변,답변\n" + "".join(f"{asked},가,나\n" for asked in ASKED))
    assert any(reason.startswith("답변 is left out: there is more than one") for reason in guess([tmp_path / "b.csv"]).reasons)
    form = "응답 시각,어떤 것이 가장 궁금하신가요? 자유롭게 적어 주세요.\n" + "".join(
        f"2024-01-02,{asked} 그리고 더.\n" * 2 for asked in ASKED
    )
    (tmp_path / "c.csv").write_text(form)
    assert not any("looks like a record" in reason for reason in guess([tmp_path / "c.csv"]).reasons)
    book = openpyxl.Workbook()
    for year in ("2021", "2022"):
        sheet = book.create_sheet(year)
        for row in (["제목", "본문"], *(["제목", asked] for asked in ASKED)):
            sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    assert (found := guess([tmp_path / "a.xlsx"])).sheet == "2021" and "not read: sheet 2022" in "\n".join(found.reasons)


@pytest.mark.parametrize(
    ("sample", "columns"),
    [
        ({"question_en": ["How?"], "question_ko": ["왜죠?"], "answer_ko": ["답"]}, {"question": ["question_ko"], "answer": ["answer_ko"]}),
        (
            {"question": ["How is it?"], "질문(한글)": ["어떻게 하나요?"], "답변[1]": ["답"]},
            {"question": ["질문(한글)"], "answer": ["답변[1]"]},
        ),
        ({"question.en": ["How?"], "question.ko": ["무엇인가요?"]}, {"question": ["question.ko"]}),
        ({"category": ["글쓰기"], "turns[0]": ["글을 써 줘"]}, {"question": ["turns[0]"]}),
        ({"title": ["전세"], "selftext": ["전세 계약을 처음 하는데 무엇을 보아야 하나요?"]}, {"question": ["title", "selftext"]}),
        (
            {"problem": ["값은?"], "answer": [3], "solution": ["풀이가 있는 긴 답입니다"]},
            {"question": ["problem"], "gold": ["answer"], "answer": ["solution"]},
        ),
        ({"category": ["글쓰기"], "답변": ["여기에는 답변만 있습니다."]}, {"answer": ["답변"]}),
    ],
)
def test_names_that_say_more_than_what_they_are(sample: dict[str, list[Any]], columns: dict[str, list[str]]) -> None:
    assert roles(sample)[0] == columns
