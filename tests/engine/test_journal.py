"""The journal's promises that need no engine."""

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from koreason.engine.answers import Answer, Segment
from koreason.engine.journals import journal as journal_module
from koreason.engine.journals.journal import WHOLE, Journal, read_lines
from koreason.errors import UserError
from koreason.shards import shard_names, shard_range

OLD = Path(__file__).parent / "old_journal"


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


def test_a_line_is_in_the_file_at_once_and_on_disk_now_and_then(tmp_path, monkeypatch):
    """A killed process loses nothing that it noted; to wait for the disk at each line would cost more than the engine."""
    synced = []
    monkeypatch.setattr(journal_module.os, "fsync", synced.append)
    journal = Journal(tmp_path, "00000-of-00001")
    path = tmp_path / "00000-of-00001" / "segments.jsonl"
    for number in range(50):
        journal.add_segment(str(number), Segment((1, 2), "think"))
        assert [line["key"] for line in read_lines(path)][-1:] == [str(number)]
        journal.sync_when_due()
    assert synced == []
    monkeypatch.setattr(journal_module, "SYNC_SECONDS", 0.0)
    journal.sync_when_due()
    assert len(synced) == 2, "both files"
    journal.sync_when_due()
    assert len(synced) == 2, "nothing came since"
    journal.close()


def test_another_count_reads_overlapping_journals_only(tmp_path):
    for shard, key in (("00000-of-00002", "low"), ("00001-of-00002", "high")):
        journal = Journal(tmp_path, shard)
        journal.add_row(answer(key), 512)
        journal.close()
    assert list(Journal(tmp_path, "00000-of-00003").rows) == ["low"]
    assert sorted(Journal(tmp_path, "00001-of-00003").rows) == ["high", "low"]


def test_two_processes_do_not_share_a_journal(tmp_path):
    code = "import sys,time; from pathlib import Path; from koreason.engine.journals.journal import Journal\n"
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
from koreason.engine.answers import Answer, Segment
from koreason.engine.journals.journal import Journal
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


def test_a_journal_of_earlier_versions_is_read_on(tmp_path):
    """Its lines have no checksum; what is written behind them has."""
    shutil.copytree(OLD, tmp_path / WHOLE)
    rows = [json.loads(line) for line in (OLD / "rows.jsonl").read_text().splitlines()]
    segments = [json.loads(line) for line in (OLD / "segments.jsonl").read_text().splitlines()]
    [open_] = {line["key"] for line in segments} - {row["key"] for row in rows}
    begun = tuple(Segment(tuple(line["tokens"]), line["then"]) for line in segments if line["key"] == open_)
    for _ in range(2):  # without an index, and with one
        journal = Journal(tmp_path, WHOLE)
        assert [dict(journal.rows[row["key"]]) for row in rows] == rows
        assert dict(journal.begun) == {open_: begun} and len(begun) == 2
        assert journal.damage == {"torn_bytes": 0, "damaged_places": 0, "damaged_bytes": 0}
        journal.close()
    journal = Journal(tmp_path, WHOLE)
    journal.add_segment(open_, Segment((7,), "stop"))
    journal.close()
    journal = Journal(tmp_path, WHOLE)
    assert journal.begun[open_] == (*begun, Segment((7,), "stop"))
    journal.add_row(answer(open_), 512)
    journal.close()
    assert list(Journal(tmp_path, WHOLE).rows) == [*(row["key"] for row in rows), open_]


def test_behind_damage_no_old_segment_is_taken_for_another(tmp_path):
    """Which of them was lost cannot be told, and one that follows upon another than it was drawn after would be a wrong answer."""
    shutil.copytree(OLD, tmp_path / WHOLE)
    path = tmp_path / WHOLE / "segments.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"\0" * len(lines[2]), *lines[3:]]))
    rows = tmp_path / WHOLE / "rows.jsonl"
    rows.unlink()
    journal = Journal(tmp_path, WHOLE)
    first = [json.loads(line) for line in lines[:2]]
    assert dict(journal.begun) == {line["key"]: (Segment(tuple(line["tokens"]), line["then"]),) for line in first}


def test_an_answer_begun_under_another_shard_count_goes_on_in_its_own_journal(tmp_path):
    parts = [Segment((1, 2), "think"), Segment((3,), "answer"), Segment((4,), "answer")]
    for shard, drawn in zip(("00000-of-00002", "00000-of-00003", "00000-of-00001"), parts, strict=True):
        journal = Journal(tmp_path, shard)
        journal.add_segment("a", drawn)
        journal.close()
    assert Journal(tmp_path, "00000-of-00002").begun == {"a": tuple(parts)}


def test_segments_of_two_draws_are_not_mixed(tmp_path):
    """In bfloat16 an answer that is drawn twice differs; what follows upon one does not follow upon the other."""
    for shard, drawn in (("00000-of-00002", [(1,), (2,)]), ("00001-of-00002", [(9,), (8,), (7,)])):
        journal = Journal(tmp_path, shard)
        for tokens in drawn:
            journal.add_segment("a", Segment(tokens, "answer"))
        journal.close()
    assert Journal(tmp_path, "00000-of-00001").begun == {"a": tuple(Segment(tokens, "answer") for tokens in [(9,), (8,), (7,)])}


def test_a_refusal_is_an_answer_at_its_length_only(tmp_path):
    for shard, limit, finish in (("00000-of-00002", 64, "stop"), ("00000-of-00001", 32, "refused:prompt_too_long")):
        journal = Journal(tmp_path, shard)
        journal.add_row(answer("a", finish), limit)
        journal.close()
    journal = Journal(tmp_path, "00000-of-00003")
    assert journal.row("a", 64)["finish"] == "stop", "whichever stands first"
    journal.close()


def test_damage_that_came_after_the_index_is_met_and_counted(tmp_path):
    journal = Journal(tmp_path, WHOLE)
    for key in "abcde":
        journal.add_row(answer(key), 512)
    journal.close()
    assert (tmp_path / WHOLE / ".rows.index").is_file()
    path = tmp_path / WHOLE / "rows.jsonl"
    data = bytearray(path.read_bytes())
    data[data.index("생각 c".encode()) + 7] ^= 1
    path.write_bytes(data)
    journal = Journal(tmp_path, WHOLE)
    assert [key for key in "abcde" if journal.row(key, 512)] == ["a", "b", "d", "e"]
    assert journal.damage["damaged_places"] == 1
    journal.close()
