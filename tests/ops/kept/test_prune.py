"""`koreason prune`: what nothing asks for goes, and only when it is asked to; what is asked for is there afterwards."""

import re
import shutil
from pathlib import Path

import pytest

from koreason.cli import main
from koreason.engine.answers import Answer, Segment
from koreason.engine.journals.journal import WHOLE, Journal, read_lines

OLD = Path(__file__).parents[2] / "engine" / "old_journal"
FIRST, SECOND = "00000-of-00002", "00001-of-00002"
PARTS = (Segment((1, 2, 3), "think"), Segment((4,), "stop"))


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Path("results/traces/p/r/journal")


def draw(folder, shard, finished, begun=""):
    """Answers of two segments, and first segments of others."""
    own = Journal(folder, shard)
    for key in finished:
        for part in PARTS:
            own.add_segment(key, part)
        own.add_row(Answer(key, f"답 {key}" * 40, "stop", 5, 4), 512)
    for key in begun:
        own.add_segment(key, PARTS[0])
    own.close()


def ask(folder, shard, keys):
    own = Journal(folder, shard)
    own.ask(keys, all_of_it=True)
    own.close()


def content(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*.jsonl"))}


def test_without_yes_nothing_is_touched(journal, capsys):
    draw(journal, WHOLE, "abc")
    ask(journal, WHOLE, "ab")
    before = content(journal)
    assert main(["prune"]) == 0
    said = capsys.readouterr().out
    assert re.search(rf"{WHOLE}: 3 rows, 1 of them unasked; .* that nothing asks for, .* segments of finished answers\n", said)
    assert "may go\n`koreason prune --yes` removes it" in said
    assert content(journal) == before


def test_what_is_asked_for_is_there_afterwards(journal, capsys):
    draw(journal, FIRST, "abc", "xy")
    draw(journal, SECOND, "de")
    ask(journal, FIRST, "abx")
    ask(journal, SECOND, "e")
    size = sum(map(len, content(journal).values()))
    assert main(["prune", "--yes"]) == 0
    removed = int(re.search(r"([\d,]+) bytes removed", capsys.readouterr().out)[1].replace(",", ""))
    assert size - sum(map(len, content(journal).values())) == removed > size / 2
    own = Journal(journal, "00000-of-00001")
    assert sorted(own.rows) == ["a", "b", "e"]
    assert own.begun == {"x": PARTS[:1]}
    assert all(own.rows[key]["text"] == f"답 {key}" * 40 for key in "abe")
    own.close()
    assert main(["prune"]) == 0
    assert capsys.readouterr().out.count("all of it is asked for") == 2


def test_where_it_is_not_known_what_is_asked_nothing_goes(journal, capsys):
    """Half of the pool's shards have run under the other count."""
    draw(journal, WHOLE, "abcd")
    draw(journal, FIRST, "")
    for asked in (None, FIRST):
        (journal / WHOLE / ".asked").unlink(missing_ok=True)
        if asked:
            ask(journal, asked, "a")
        before = content(journal)
        assert main(["prune", "--yes"]) == 0
        assert f"{WHOLE}: not known what is asked for" in capsys.readouterr().out
        assert content(journal) == before
    draw(journal, SECOND, "")
    ask(journal, SECOND, "bc")
    assert main(["prune", "--yes"]) == 0
    assert [line["key"] for line in read_lines(journal / WHOLE / "rows.jsonl")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "damage", [lambda text: text.replace(b"b", b"d", 1), lambda text: text[:-12], lambda text: bytes(len(text)), lambda _: b""]
)
def test_a_damaged_list_of_what_is_asked_takes_nothing_away(journal, capsys, damage):
    draw(journal, WHOLE, "abc")
    ask(journal, WHOLE, "abc")
    path = journal / WHOLE / ".asked"
    path.write_bytes(damage(path.read_bytes()))
    before = content(journal)
    assert main(["prune", "--yes"]) == 0 and main(["status"]) == 0
    assert f"{WHOLE}: not known what is asked for" in capsys.readouterr().out and content(journal) == before
    ask(journal, WHOLE, "ab")
    assert main(["prune", "--yes"]) == 0
    assert sorted(Journal(journal, WHOLE).rows) == ["a", "b"]


def test_an_interrupted_run_gives_nothing_up(journal):
    draw(journal, WHOLE, "ab")
    ask(journal, WHOLE, "a")
    own = Journal(journal, WHOLE)
    own.ask("b", all_of_it=False)
    own.close()
    assert main(["prune", "--yes"]) == 0
    assert sorted(Journal(journal, WHOLE).rows) == ["a", "b"]


def test_old_lines_get_checksums_and_damaged_ones_go(journal):
    shutil.copytree(OLD, journal / WHOLE)
    before = Journal(journal, WHOLE)
    rows, begun = dict(before.rows), dict(before.begun)
    before.ask([*rows, *begun], all_of_it=True)
    before.close()
    with open(journal / WHOLE / "rows.jsonl", "ab") as file:
        file.write(b"\0" * 99 + b"\n" + b'{"key": "half')
    assert main(["prune", "--yes"]) == 0
    assert all(b'"sum": "' in line for text in content(journal).values() for line in text.splitlines())
    own = Journal(journal, WHOLE)
    assert (dict(own.rows), dict(own.begun)) == (rows, begun)
    assert own.damage == {"torn_bytes": 0, "damaged_places": 0, "damaged_bytes": 0}


def test_a_journal_that_is_drawn_into_is_left_alone(journal, capsys):
    draw(journal, WHOLE, "ab")
    ask(journal, WHOLE, "a")
    own = Journal(journal, WHOLE)
    before = content(journal)
    assert main(["prune", "--yes"]) == 2
    assert "another process is drawing into this journal" in capsys.readouterr().err
    assert content(journal) == before
    own.close()


@pytest.mark.parametrize(("words", "said"), [(["nowhere"], "there is no such folder"), (["results"], "there is no journal")])
def test_where_there_is_none_is_said(journal, capsys, words, said):
    Path("results").mkdir()
    assert main(["prune", *words]) == 2
    assert said in capsys.readouterr().err
