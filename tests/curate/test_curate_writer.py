"""Tables that are written in batches, and the index beside them."""

import hashlib
from pathlib import Path

import polars as pl
import pytest

from koreason.curate.writer import Rows
from koreason.records.digests import sha256_file
from koreason.records.stage import Stage
from koreason.tables import DROPPED_TRACES, index_of

NAME = "rows.parquet"
IDS = [hashlib.sha256(str(number).encode()).hexdigest()[:24] for number in range(500)]


def written(folder: Path, ids: list[str], step: int) -> Path:
    frame = pl.DataFrame({"prompt_id": ids, "sample": 0, "reason": ""}, schema=DROPPED_TRACES)
    with Stage(folder, "x", {}, []) as stage, Rows(stage, NAME, DROPPED_TRACES, indexed=True) as rows:
        for offset in range(0, len(ids), step):
            rows.write(frame.slice(offset, step))
    return folder


def test_the_index_says_where_each_row_is(tmp_path: Path) -> None:
    index = pl.read_parquet(written(tmp_path, IDS, 7) / index_of(NAME))
    assert index["head"].is_sorted()
    assert {int(prompt_id[:12], 16): row for row, prompt_id in enumerate(IDS)} == dict(index.iter_rows())


def test_it_does_not_depend_on_batches(tmp_path: Path) -> None:
    digests = {sha256_file(written(tmp_path / str(step), IDS, step) / index_of(NAME)) for step in (1, 7, 500)}
    assert len(digests) == 1


@pytest.mark.parametrize("ids", [[], ["quiz0", "quiz1"]])
def test_without_ids_of_the_usual_kind_it_is_there(tmp_path: Path, ids: list[str]) -> None:
    index = pl.read_parquet(written(tmp_path, ids, 1) / index_of(NAME))
    assert index["head"].to_list() == [None] * len(ids) and index["row"].to_list() == list(range(len(ids)))


def test_a_failing_stage_leaves_none(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Stage(tmp_path, "x", {}, []) as stage, Rows(stage, NAME, DROPPED_TRACES, indexed=True):
        raise ZeroDivisionError
    assert not list(tmp_path.glob("*.parquet"))
