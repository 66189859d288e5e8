"""`koreason status` on journals, attempts and metrics as jobs leave them."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest

from koreason.cli import main
from koreason.engine.answers import Answer, Segment
from koreason.engine.journals.journal import WHOLE, Journal
from koreason.ops.status import Watched
from koreason.ops.watching.counted import CACHE, Counted
from koreason.ops.watching.drawing import Drawing
from koreason.ops.watching.lengths import Lengths
from koreason.records.digests import digest

HOME = Path(__file__).parents[2]
OLD = HOME / "tests" / "engine" / "old_journal"
FIRST, SECOND = "00000-of-00002", "00001-of-00002"
NOW = 1_800_000_000.0


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results" / "traces" / "p" / "r" / "journal"


def key(name):
    return digest(name)


def draw(folder, shard, ends, begun=None, asked=None):
    """A run that finishes answers, `{"a": ("stop", 7)}`, begins others, `{"x": [3, 4]}`, and asks for all, and for `asked`."""
    own = Journal(folder, shard)
    own.ask([key(name) for name in [*ends, *(begun or {}), *(asked or [])]], all_of_it=False)
    for name, (finish, tokens) in ends.items():
        own.add_segment(key(name), Segment(tuple(range(tokens)), "stop"))
        own.add_row(Answer(key(name), f"답은 {name}이다", finish, 5, tokens, "it said no"), 512)
    for name, parts in (begun or {}).items():
        for part in parts:
            own.add_segment(key(name), Segment(tuple(range(part)), "think"))
    own.close()


def attempt(out, start, sign, tokens, gpus="0,1", **line):
    """One that has ended, where `line` says how; else one that runs."""
    out.mkdir(parents=True, exist_ok=True)
    facts = {"stage": "trace", "start": start, "gpus": gpus, "slurm": {}, "host": "n1", "tokens": tokens}
    if line:
        with open(out / "attempts.jsonl", "a") as file:
            file.write(json.dumps(facts | {"end": sign, "outputs": 1} | line) + "\n")
    else:
        path = out / ".attempt-7-0.json"
        path.write_text(json.dumps(facts))
        os.utime(path, (sign, sign))


def looked(journal, now=NOW):
    drawing = Drawing(journal)
    drawing.look(now)
    return drawing


def test_each_answer_is_counted_once_by_its_end(journal):
    ends = {"a": ("stop", 10), "b": ("length", 20), "c": ("repetition", 30), "d": ("refused:engine_error", 0)}
    draw(journal, FIRST, ends, {"x": [3, 4], "y": [5]}, asked="vw")
    draw(journal, SECOND, {"e": ("stop", 40)}, asked="z")
    drawing = looked(journal)
    first, whole = drawing.shards[FIRST], drawing.all
    assert first.ends == {"stop": 1, "length": 1, "repetition": 1, "refused": 1}
    assert (first.asked, first.finished, sorted(first.running), first.tokens) == (8, 4, [5, 7], 72)
    assert (whole.asked, whole.finished, whole.tokens) == (10, 5, 112)
    # a prompt that another engine takes is finished once
    draw(journal, FIRST, {"d": ("stop", 6)})
    drawing.look(NOW)
    assert drawing.shards[FIRST].ends == {"stop": 2, "length": 1, "repetition": 1, "refused": 0}


def test_an_answer_of_another_shard_count_counts_where_it_is_asked_for(journal):
    draw(journal, WHOLE, {"a": ("stop", 10), "gone": ("stop", 99)}, {"x": [3]})
    for shard, names in ((FIRST, "ab"), (SECOND, "xy")):
        own = Journal(journal, shard)
        own.ask(map(key, names), all_of_it=True)
        own.close()
    later = time.time() + 5
    os.utime(journal / SECOND / ".asked", (later, later))
    drawing = looked(journal)
    assert {name: (share.finished, share.asked, len(share.running)) for name, share in drawing.shards.items()} == {
        FIRST: (1, 2, 0),
        SECOND: (0, 2, 1),
    }


@pytest.mark.parametrize("process", ["the same", "another"])
def test_what_is_appended_is_read_alone(journal, process, monkeypatch):
    monkeypatch.setattr("koreason.ops.watching.counted.WORTH", 0)
    draw(journal, WHOLE, {str(number): ("stop", number + 1) for number in range(200)}, {"x": [3]})
    counted = Counted(journal / WHOLE)
    counted.look()
    whole = counted.read
    draw(journal, WHOLE, {"new": ("stop", 9)}, {"x": [4]})
    if process == "another":
        counted = Counted(journal / WHOLE)
    before = 0 if process == "another" else whole
    counted.look()
    assert 0 < counted.read - before < whole / 20
    fresh = _fresh(journal)
    assert_same(counted, fresh)
    assert counted.begun[2].sum() == 7


def _fresh(journal):
    (journal / WHOLE / CACHE).unlink(missing_ok=True)
    fresh = Counted(journal / WHOLE)
    fresh.look()
    return fresh


def columns(counted):
    return [sorted(column.tolist()) for column in (counted.keys, counted.tokens, counted.ends, *counted.begun)]


def assert_same(one, other):
    assert columns(one) == columns(other)
    assert one.letters == other.letters and one.damaged == other.damaged


def test_a_journal_that_is_drawn_into_is_read_meanwhile(journal):
    own = Journal(journal, WHOLE)
    own.ask([key(name) for name in "abc"], all_of_it=False)
    drawing = Drawing(journal)
    for finished, name in enumerate("abc"):
        drawing.look(NOW)
        assert drawing.all.finished == finished
        own.add_segment(key(name), Segment((1, 2), "stop"))
        own.sync()
        drawing.look(NOW)
        assert drawing.all.running.tolist() == [2]
        own.add_row(Answer(key(name), "답", "stop", 5, 2), 512)
        own.sync()
    own.close()
    drawing.look(NOW)
    assert (drawing.all.finished, len(drawing.all.running), drawing.all.tokens) == (3, 0, 6)


def test_a_torn_line_is_no_answer_until_it_is_whole(journal, monkeypatch):
    monkeypatch.setattr("koreason.ops.watching.counted.WORTH", 0)
    draw(journal, WHOLE, {"a": ("stop", 5), "b": ("stop", 6)})
    rows = journal / WHOLE / "rows.jsonl"
    text = rows.read_bytes()
    rows.write_bytes(text[:-20])
    drawing = looked(journal)
    assert drawing.all.finished == 1
    with open(rows, "ab") as file:
        file.write(text[-20:])
    drawing.look(NOW)
    assert drawing.all.finished == 2
    rows.write_bytes(text[:30] + b"\0" * 9 + text[39:])  # of the same file and size, not at the end that was read
    (journal / WHOLE / CACHE).unlink()
    damaged = looked(journal)
    assert (damaged.all.finished, damaged.damaged) == (1, 1)


@pytest.mark.parametrize("harm", ["cut", "other", "nonsense", "rewritten"])
def test_what_was_kept_is_not_believed(journal, harm, monkeypatch):
    monkeypatch.setattr("koreason.ops.watching.counted.WORTH", 0)
    draw(journal, WHOLE, {"a": ("stop", 5), "b": ("stop", 6)}, {"x": [3]})
    looked(journal)
    kept, rows = journal / WHOLE / CACHE, journal / WHOLE / "rows.jsonl"
    if harm == "cut":
        kept.write_bytes(kept.read_bytes()[:-30])
    elif harm == "nonsense":
        kept.write_bytes(b"PK\x03\x04 nonsense")
    elif harm == "rewritten":  # as prune does
        lines = rows.read_bytes().splitlines(keepends=True)
        (journal / "new").write_bytes(lines[1])
        (journal / "new").replace(rows)
    else:
        shutil.rmtree(journal)
        draw(journal, "00000-of-00001", {"c": ("length", 7)})
        kept.write_bytes(b"")
    counted = Counted(journal / WHOLE)
    counted.look()
    assert_same(counted, _fresh(journal))


def test_a_folder_that_may_not_be_written_is_read_all_the_same(journal, monkeypatch):
    monkeypatch.setattr("koreason.ops.watching.counted.WORTH", 0)
    draw(journal, WHOLE, {"a": ("stop", 5)})
    (journal / WHOLE / CACHE).mkdir()  # root may write everywhere, but not a file over a folder
    assert looked(journal).all.finished == 1
    assert not list((journal / WHOLE / CACHE).iterdir())


def test_journals_of_earlier_versions_are_counted(journal):
    shutil.copytree(OLD, journal / WHOLE)
    own = Journal(journal, WHOLE)
    rows, begun = dict(own.rows), {name: sum(len(part.tokens) for part in parts) for name, parts in own.begun.items()}
    own.close()
    drawing = looked(journal)
    assert (drawing.all.finished, drawing.all.asked) == (len(rows), None)
    assert sorted(drawing.all.running) == sorted(begun.values())


def test_lengths_of_what_runs_are_not_forgotten():
    """Of lognormal lengths, each known as far as it had come at some moment, finished ones alone are too short."""
    draws = numpy.random.default_rng(5)
    lengths = numpy.minimum(draws.lognormal(7, 1, 4000), 16384).astype(int) + 1
    drawn = draws.integers(1, 9000, 4000)
    finished, running = lengths[lengths <= drawn], drawn[lengths > drawn]
    known = Lengths(finished, running)
    truth = lengths.mean()
    assert finished.mean() < 0.75 * truth
    assert abs(known.mean - truth) < 0.06 * truth and known.error < 0.03 * truth
    left, variance = known.left(running)
    assert left.sum() == pytest.approx((lengths - drawn)[lengths > drawn].sum(), rel=0.2)
    assert (variance >= 0).all()


def test_without_answers_in_flight_it_is_the_plain_mean():
    lengths = numpy.array([3, 5, 5, 11])
    known = Lengths(lengths, numpy.zeros(0, int))
    assert (known.mean, known.variance) == (pytest.approx(6), pytest.approx(lengths.var()))
    assert known.error == pytest.approx(lengths.std() / 2)
    assert (known.quantile(0.5), known.quantile(0.99)) == (5, 11)
    left, variance = known.left(numpy.array([0, 4, 11, 400]))
    assert left.tolist() == pytest.approx([6, 3, 0, 0]) and variance[1] == pytest.approx(8)
    assert numpy.isnan(Lengths(numpy.zeros(0, int), lengths).mean)


def test_the_end_is_told_with_its_range(journal, capsys, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: NOW)
    draw(journal, FIRST, {str(number): ("stop", 90 + number) for number in range(20)}, asked=[f"x{number}" for number in range(80)])
    attempt(journal.parent / FIRST, NOW - 9000, NOW - 7200, 500, exit=75, signal=None)
    attempt(journal.parent / FIRST, NOW - 100, NOW - 1, 990)
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert re.search(rf"{FIRST} +20/100 +0 +0 +0 +0 +1,990 +10 +13 min  drawing", said), said
    assert re.search(rf"{SECOND} +0/\? .* not begun", said)
    assert re.search(r"all +20/200", said), "the shard that has not begun is as large as the other"
    assert "length: 100 tokens in the mean (standard error 1), 99th percentile 109; of 20 finished and 0 in flight" in said
    assert "letters: Hangul" in said
    tokens, plus, end, low, high = re.search(r"left: ([\d,]+) \(± ([\d,]+)\) tokens, (\S+) min \((\S+) \S+ to (\S+) \S+\)", said).groups()
    assert int(tokens.replace(",", "")) == pytest.approx(180 * 99.5, rel=0.01) and 200 < int(plus) < 600
    assert float(low) < float(end) < float(high) or "h" in said
    # two cards for 1800 s and for 100 s, and as much for each token to come
    assert re.search(r"GPU-hours: 1\.06 spent, 12\.\d\d \(± 0\.\d\d\) to come", said), said


def test_speed_is_of_the_time_looked_on(journal):
    draw(journal, WHOLE, {"a": ("stop", 9)}, asked="b")
    attempt(journal.parent / WHOLE, NOW - 1000, NOW, 1000)
    drawing = looked(journal)
    assert drawing.all.tokens_per_second == pytest.approx(1)
    attempt(journal.parent / WHOLE, NOW - 1000, NOW + 100, 6000)
    drawing.look(NOW + 101)
    assert drawing.all.tokens_per_second == pytest.approx(50)


def test_who_gives_no_sign_is_named(journal, capsys):
    draw(journal, WHOLE, {"a": ("stop", 9)}, asked="b")
    attempt(journal.parent / WHOLE, time.time() - 9000, time.time() - 7200, 1000)
    assert main(["status", "--watch"]) == 0, "not on a terminal: once"
    said = capsys.readouterr().out
    assert f"silent: {WHOLE} has given no sign for 2.0 h" in said and said.count("answers") == 1 and "nothing draws them now" in said


def test_what_is_done_is_shown_when_asked_for(journal, capsys):
    draw(journal, WHOLE, {"a": ("stop", 9)})
    (journal.parent / WHOLE).mkdir()
    (journal.parent / WHOLE / "manifest.json").write_text("{}")
    assert main(["status"]) == 0
    assert capsys.readouterr().out == "1 done: --all shows them\n"
    assert main(["status", "--all", "results/traces"]) == 0
    assert re.search(r"traces/p/r\n.*\n.*1/1 .* done\n", capsys.readouterr().out)


def test_a_training_is_shown_by_its_steps(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "results" / "models" / "m" / "x" / "s"
    attempt(out, time.time() - 60, time.time(), 900)
    rows = [{"step": step, "loss": 3 - step / 10, "lr": 1e-5} for step in range(1, 8)]
    (out / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"step": 8, "lo')
    (out / "throughput.jsonl").write_text("".join(json.dumps({"step": row["step"], "seconds": 4.0, "tokens": 9}) + "\n" for row in rows))
    assert main(["status"]) == 0
    assert "models/m/x/s: 7 of ? steps, loss 2.3000, 4.0 s a step; training\n" in capsys.readouterr().out
    log = tmp_path / "logs" / "train" / "train.m.x.s.log"
    log.parent.mkdir(parents=True)
    log.write_text("train:   0%|          | 0/20 [00:00<?, ?step/s]\rtrain:  35%|###5      | 7/20 [00:28<00:52,  4.0s/step, loss=2.3]")
    assert main(["status"]) == 0
    assert "7 of 20 steps, loss 2.3000, 4.0 s a step, 52 s left; training\n" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "said"), [(["nowhere"], "there is no such folder"), (["--watch", "0"], "at least 1")])
def test_a_mistake_is_one_line(journal, capsys, words, said):
    assert main(["status", *words]) == 2
    assert said in capsys.readouterr().err


def test_before_anything_has_begun_it_says_so(tmp_path):
    assert Watched([tmp_path], everything=False).lines(NOW, None) == ["nothing has begun to draw or to train here"]


def test_on_a_terminal_it_looks_again_until_ctrl_c(journal):
    draw(journal, WHOLE, {"a": ("stop", 9)}, asked="b")
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "koreason", "status", "--watch", "1"]
    environment = os.environ | {"PYTHONPATH": str(HOME)}
    process = subprocess.Popen(command, stdout=follower, stderr=follower, env=environment, cwd=journal.parents[4])
    os.close(follower)
    said = b""
    while said.count(b"\x1b[H") < 2:
        assert select.select([leader], [], [], 60)[0], said
        said += os.read(leader, 4096)
        if said.count(b"\x1b[H") == 1 and b"1/2" in said:
            draw(journal, WHOLE, {"b": ("stop", 9)})
    while b"2/2" not in said:
        assert select.select([leader], [], [], 60)[0], said
        said += os.read(leader, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    os.close(leader)
    assert b"Traceback" not in said
