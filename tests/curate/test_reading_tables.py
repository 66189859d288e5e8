"""Tables as they come where people put files together."""

from pathlib import Path

from tests.curate.dumps import read


def test_column_names_that_come_again_are_no_record(tmp_path: Path) -> None:
    data = '\ufeffq,보기 \n하나,가\n\ufeffq,보기\n"q",보기\nq,나\n'.encode()
    expected = [(1, ("하나", "가")), (2, "names_again"), (3, "names_again"), (4, ("q", "나"))]
    assert read(tmp_path / "dump", data, "csv", ("q", "보기")) == expected
    assert read(tmp_path / "dump", data.replace(b",", b"\t").replace(b'"', b""), "tsv", ("q", "보기")) == expected
