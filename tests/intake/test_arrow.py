"""Parquet and Arrow files that ask for gigabytes: refused within bounds, wherever such a file may come in."""

import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from koreason.curate.reading.arrow import read_parquet
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.spec import Source
from koreason.errors import UserError
from koreason.intake import arrow
from tests.conftest import Result

LONG = "가" * 4000  # 12 kB
MANY = 1_000_000


def repeated(path: Path, *, listed: bool, many: int = MANY) -> Path:
    """A file of about a kilobyte that asks for 12 GB: a text that a million rows, or the items of one list, repeat."""
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(many, np.int32)), pa.array([LONG]))
    column = pa.ListArray.from_arrays(pa.array([0, many], pa.int32()), texts) if listed else texts
    table = {"q": pa.array(["질문"]), "options": column} if listed else {"q": column}
    pq.write_table(pa.table(table), path, compression="zstd")
    assert path.stat().st_size < 5000
    return path


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10  # MiB


def test_a_list_that_repeats_is_refused_where_dumps_are_read(tmp_path: Path) -> None:
    path = repeated(tmp_path / "a.parquet", listed=True)
    source = Source(format="parquet", columns={"question": ["q"], "options": ["options"]})
    with pytest.raises(UserError, match=r"asks? for more than 2 GiB"):
        list(read_parquet(Stream("a", path, iter(())), source, Wanted(source)))
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY, "the bound is taken away again"


def test_rows_that_repeat_are_held_once(tmp_path: Path) -> None:
    path, before = repeated(tmp_path / "a.parquet", listed=False, many=200_000), peak()
    assert sum(1 for row in arrow.records(path) if row["q"] is not None) == 200_000  # 2.4 GB
    assert peak() - before < 1500


def test_values_beyond_sixteen_mebibytes_are_rejected_one_by_one(tmp_path: Path) -> None:
    huge = "가" * (6 << 20)  # 18 MiB
    pq.write_table(pa.table({"q": ["짧다", huge, "또 짧다"], "options": [["a"], ["b"], [huge[: 3 << 20]] * 2]}), tmp_path / "a.parquet")
    source = Source(format="parquet", columns={"question": ["q"], "options": ["options"]}, max_bytes=1 << 30)
    found = list(read_parquet(Stream("a", tmp_path / "a.parquet", iter(())), source, Wanted(source)))
    assert [record.reason and record.reason.name for record in found] == [None, "oversized", None]


@pytest.mark.parametrize("door", ["benchmark", "answers"])
def test_other_doors_of_the_kind(run: Callable[..., Result], tmp_path: Path, door: str) -> None:
    repeated(tmp_path / "test.parquet", listed=True)
    if door == "benchmark":
        done = run("bench", "--spec", f'{{"kind": "choice", "hub": "{tmp_path}", "split": "test"}}', "--out", tmp_path / "out")
    else:
        done = run("score", tmp_path / "test.parquet")
    assert done.returncode == 2 and "Traceback" not in done.stderr and "2 GiB" in done.stderr, done.stderr


@pytest.mark.parametrize("cut", [0, 3, 100, -9, -1])
def test_what_is_cut_is_one_line(tmp_path: Path, cut: int) -> None:
    pq.write_table(pa.table({"q": ["가"] * 99}), tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(data[:cut])
    with pytest.raises(UserError, match="not a readable Parquet file"):
        list(arrow.records(tmp_path / "a.parquet"))
    with pytest.raises(UserError, match="not a readable stream of Arrow's"):
        list(arrow.streamed(tmp_path / "a.parquet"))
