"""Whatever is in a dump, `koreason ingest` stays below the memory that docs/curate.md states, and ends."""

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy
import pyarrow
import pyarrow.parquet
import pytest
import zstandard

from koreason.records.digests import sha256_file

STATED_MIB = 600
CHILD = """
import sys
from koreason.cli import main
status = main(sys.argv[1:])
with open("/proc/self/status") as file:  # what `ru_maxrss` says is the parent's, where that was larger before it forked
    print(next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM")))
sys.exit(status)
"""


def long_records(path: Path) -> None:
    """3,000 records of 225 kB in some 60 kB."""
    packer = zstandard.ZstdCompressor(level=19).compressobj()
    row = json.dumps({"q": "가나다 " * 22_500}, ensure_ascii=False).encode() + b"\n"
    path.write_bytes(b"".join(packer.compress(row) for _ in range(3000)) + packer.flush())


def json_bomb(path: Path) -> None:
    """An array of 200 MB in 1 MB."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"[")
        for _ in range(200):
            file.write(b'{"q":"' + b"x" * 1_000_000 + b'"},')
        file.write(b'{"q":"end"}]')


def one_string(path: Path) -> None:
    """JSON that opens a string and never closes it."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'[{"q":"')
        for _ in range(120):
            file.write(b"x" * 1_000_000)


def blanks(path: Path) -> None:
    """An array of 200 MB of blanks."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'[{"q":"a"}')
        for _ in range(200):
            file.write(b" " * 1_000_000)
        file.write(b"]")


def newlines(path: Path) -> None:
    """100 MB of line ends."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"q":"a"}\n' + b"\n" * 100_000_000)


def wide_field(path: Path) -> None:
    """A CSV field of 25 MB in lines."""
    path.write_bytes(b'q,a\n1,2\n"' + (b"x" * 300 + b",y\n") * 80_000 + b'",3\n')


def repeated_text(path: Path) -> None:
    """100 rows of the same megabyte, which Parquet keeps once."""
    column = pyarrow.DictionaryArray.from_arrays(numpy.zeros(100, numpy.int32), pyarrow.array(["x" * 1_000_000]))
    lists = pyarrow.ListArray.from_arrays(numpy.arange(0, 101, dtype=numpy.int32), column)
    pyarrow.parquet.write_table(pyarrow.table({"q": column, "o": lists}), path, compression="zstd")


def wide_page(path: Path) -> None:
    """A page of 180 MB, of rows of 225 kB; the docs promise nothing for pages above 200."""
    table = pyarrow.table({"q": ["가나다 " * 22_500] * 800})
    pyarrow.parquet.write_table(table, path, use_dictionary=False, compression="zstd", data_page_size=1 << 30)


def one_row_group(path: Path) -> None:
    """500,000 rows of 600 bytes in one group."""
    texts = [f"{number:08d}" + "질문 " * 84 for number in range(5000)]
    pyarrow.parquet.write_table(
        pyarrow.table({"q": [f"{part}{text}" for part in range(100) for text in texts]}), path, row_group_size=1 << 30
    )


CASES: list[tuple[str, Callable[[Path], None]]] = [
    ("jsonl", long_records),
    ("jsonl", newlines),
    ("json", json_bomb),
    ("json", one_string),
    ("json", blanks),
    ("csv", wide_field),
    ("parquet", repeated_text),
    ("parquet", wide_page),
    ("parquet", one_row_group),
]


@pytest.mark.parametrize(("format", "make"), CASES, ids=[make.__name__ for _, make in CASES])
def test_memory_is_bounded(tmp_path, format, make):
    dump = tmp_path / "dump"
    make(dump)
    spec = {"format": format, "columns": {"question": ["q"]}, "max_reject_share": 1.0, "html": False, "root": str(tmp_path)}
    if make is repeated_text:
        spec["columns"] = {"question": ["q"], "options": ["o"]}
    command = [
        "ingest",
        "--source",
        "a",
        "--spec",
        json.dumps(spec | {"files": {"dump": sha256_file(dump)}}),
        "--out",
        str(tmp_path / "out"),
    ]
    began = time.monotonic()
    child = subprocess.run([sys.executable, "-c", CHILD, *command], capture_output=True, text=True, timeout=300)
    print(make.__name__, child.stdout.strip(), "MiB", round(time.monotonic() - began, 1), "s", child.stderr.splitlines()[-1:])
    assert child.returncode in (0, 2), child.stderr
    assert int(child.stdout) < STATED_MIB
    told = [line for line in child.stderr.splitlines() if line.startswith("koreason: ")]
    assert len(told) == (child.returncode == 2)
