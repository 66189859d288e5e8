"""The journal's promises that need no engine."""

import json
import subprocess
import sys
from itertools import pairwise

import pytest

from koreason.engine import journal as journal_module
from koreason.engine.generator import Answer, Segment
from koreason.engine.journal import Journal, read_lines
from koreason.errors import UserError
from koreason.shards import shard_names, shard_range


def answer(key, finish="stop"):
    return Answer(key, f"<think>\n생각 {key}\n</think>\n답", finish, 5, 7)


def test_rows_and_segments_survive(tmp_path):
    journal = Journal(tmp_path, "00000-of-00001")
    journal.add_segment("a", Segment((1, 2), "think"))
    journal.add_segment("b", Segment((3,), "answer"))
    journal.add_row(answer("a"), 512)
    journal.close()
    again = Journal(tmp_path, "00000-of-00001")
    assert list(again.rows) == ["a"]
    assert again.begun == {"b": (Segment((3,), "answer"),)}
    again.close()


@pytest.mark.parametrize("tail", [b'{"key": "x", "te', b"\xff\xfe\n", b'{"key": "x"}'])
def test_a_torn_tail_is_cut(tmp_path, tail):
    journal = Journal(tmp_path, "00000-of-00001")
    journal.add_row(answer("a"), 512)
    journal.close()
    path = tmp_path / "00000-of-00001" / "rows.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    again = Journal(tmp_path, "00000-of-00001")
    assert (again.torn, list(again.rows)) == (len(tail), ["a"])
    again.add_row(answer("b"), 512)
    again.close()
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["a", "b"]


def test_what_was_noted_comes_to_disk_without_another_line(tmp_path, monkeypatch):
    """Long after its last line a job may be killed: what it noted must not wait in memory for the next line."""
    journal = Journal(tmp_path, "00000-of-00001")
    journal.add_segment("a", Segment((1, 2), "think"))
    path = tmp_path / "00000-of-00001" / "segments.jsonl"
    assert list(read_lines(path)) == []
    journal.sync_when_due()
    assert list(read_lines(path)) == [], "too early: writing to disk for each line would cost more than the engine"
    monkeypatch.setattr(journal_module, "SYNC_SECONDS", 0.0)
    journal.sync_when_due()
    assert [line["key"] for line in read_lines(path)] == ["a"]
    journal.close()


def test_another_count_reads_overlapping_journals_only(tmp_path):
    for shard, key in (("00000-of-00002", "low"), ("00001-of-00002", "high")):
        journal = Journal(tmp_path, shard)
        journal.add_row(answer(key), 512)
        journal.close()
    assert list(Journal(tmp_path, "00000-of-00003").rows) == ["low"]
    assert sorted(Journal(tmp_path, "00001-of-00003").rows) == ["high", "low"]


def test_two_processes_do_not_share_a_journal(tmp_path):
    code = "import sys,time; from pathlib import Path; from koreason.engine.journal import Journal\n"
    code += "journal = Journal(Path(sys.argv[1]), '00000-of-00001'); print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="another process"):
            Journal(tmp_path, "00000-of-00001")
    finally:
        holder.kill()
        holder.wait()


def test_shards_tile_the_interval():
    ranges = [shard_range(name) for name in shard_names(7)]
    assert ranges[0][0] == 0
    assert ranges[-1][1] == 1
    assert all(left[1] == right[0] for left, right in pairwise(ranges))
    with pytest.raises(UserError, match="is no shard"):
        shard_range("7-of-7")


FULL = """
import resource, sys
from pathlib import Path
from koreason.engine.generator import Answer, Segment
from koreason.engine.journal import Journal
journal = Journal(Path(sys.argv[1]), "00000-of-00001")
resource.setrlimit(resource.RLIMIT_FSIZE, (220, 220))
for index in range(20):
    journal.add_segment(str(index), Segment((1, 2, 3), "stop"))
for index in range(20):
    journal.add_row(Answer(str(index), "", "stop", 5, 3), 512)
journal.close()
"""


def test_where_a_full_disk_refuses_segments_it_gets_no_rows(tmp_path):
    done = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True)
    assert done.returncode == 1 and "File too large" in done.stderr
    journal = Journal(tmp_path, "00000-of-00001")
    assert journal.rows == {} and journal.torn > 0
    assert 0 < len(journal.begun) < 20
    journal.close()
