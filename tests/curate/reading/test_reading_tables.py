"""Tables as they come where people put files together."""

import zipfile
from pathlib import Path

import pytest

from koreason.errors import UserError
from tests.curate.dumps import all_records, read, source


def test_column_names_that_come_again_are_no_record(tmp_path: Path) -> None:
    data = '\ufeffq,보기 \n하나,가\n\ufeffq,보기\n"q",보기\nq,나\n'.encode()
    expected = [(1, ("하나", "가")), (2, "names_again"), (3, "names_again"), (4, ("q", "나"))]
    assert read(tmp_path / "dump", data, "csv", ("q", "보기")) == expected
    assert read(tmp_path / "dump", data.replace(b",", b"\t").replace(b'"', b""), "tsv", ("q", "보기")) == expected


@pytest.mark.parametrize(("format", "mark"), [("csv", ","), ("tsv", "\t")])
def test_what_databases_write_for_nothing_is_nothing(tmp_path: Path, format: str, mark: str) -> None:
    data = "q,a\n하나,\\N\n\\N,가\n\\N 은 왜 쓰나,NULL\n".replace(",", mark).encode()
    assert read(tmp_path / "dump", data, format, ("q", "a")) == [(1, ("하나", None)), (2, (None, "가")), (3, ("\\N 은 왜 쓰나", "NULL"))]


def test_messages_name_the_member_of_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "dumps.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("2021/가.csv", "q\n하나\n")
        archive.writestr("설명.txt", "안내\n")
    with pytest.raises(UserError, match=r"dumps.zip/설명.txt: lacks the column q"):
        all_records(path, source("csv"))
    data = bytearray(path.read_bytes())
    for place in (data.find(b"PK\3\4") + 6, data.find(b"PK\1\2") + 8):
        data[place] |= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"dumps.zip/2021/가.csv: is encrypted; unpack it with its password"):
        all_records(path, source("csv"))
