"""A journal whose writers are killed again and again: what was read back once is never lost, and nothing is there twice."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from koreason.engine.journals.journal import WHOLE, Journal, read_lines

# Writes answers in a row, each after its segment, and syncs after every few of them.
WRITER = """
import sys
from pathlib import Path
from koreason.engine.journals import journal
from koreason.engine.answers import Answer, Segment
journal.SYNC_SECONDS = 0.001
own = journal.Journal(Path(sys.argv[1]), journal.WHOLE)
print("open", flush=True)
for number in range(len(own.rows), 10**6):
    key = str(number)
    if key not in own.begun:
        own.add_segment(key, Segment((number, number), "stop"))
    own.add_row(Answer(key, "답" * 50, "stop", 5, 2), 512)
"""


@pytest.mark.parametrize("kills", [3, pytest.param(300, marks=pytest.mark.soak)])
def test_killed_writers_lose_nothing_that_was_read_and_write_nothing_twice(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    known = 0
    for _ in range(kills):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        time.sleep(chance.uniform(0, 0.1))
        writer.kill()
        writer.communicate()
        journal = Journal(tmp_path, WHOLE)
        assert len(journal.rows) >= known
        known = len(journal.rows)
        assert list(journal.rows) == [str(number) for number in range(known)], "in a row, none left out"
        journal.close()
        keys = [line["key"] for name in ("rows", "segments") for line in read_lines(tmp_path / WHOLE / f"{name}.jsonl")]
        assert max(keys.count(key) for key in keys[-3:]) <= 2, "a row and a segment at most"
    assert known > 0
