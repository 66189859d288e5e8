"""A request that takes the job's own process down is found by what was in flight, set aside and named; a kill condemns nobody."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dying_engine import POISON, questions

from koreason.engine.journals.in_flight import CANARY, DEATHS, UNWATCHED, InFlight
from koreason.engine.journals.journal import IN_FLIGHT, WHOLE, Journal
from koreason.records import attempts
from koreason.records.stage import Stage

HERE = Path(__file__).parent


@pytest.fixture
def teacher(tmp_path):
    with Stage(tmp_path / "teacher", "base", {}, []) as stage:
        stage.path("config.json").write_text("{}")
        stage.add("config.json")
    return tmp_path / "teacher" / "manifest.json"


@pytest.fixture
def attempt(tmp_path, teacher):
    """Draw answers in a process that may die of it; returns its exit status, and rows by question with the facts where it lived."""

    def call(asked, how, **variables):
        process = started(teacher, tmp_path, asked, how, **variables)
        printed, said = process.communicate(timeout=60)
        assert process.returncode <= 0, said
        return process.returncode, json.loads(printed) if printed else (None, said)

    return call


def started(teacher, folder, asked, how, **variables):
    words = [sys.executable, HERE / "dying_engine.py", teacher, folder / "journal", how, *asked]
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parent}:{HERE.parents[1]}", **variables}
    return subprocess.Popen(
        list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


@pytest.mark.parametrize("how", ["SIGSEGV", "SIGKILL"])
def test_what_ends_the_process_is_found_by_the_next_one(tmp_path, attempt, how):
    bad = (f"{POISON} 하나", f"{POISON} 둘")
    status, _ = attempt(questions(*bad), how)
    assert status < 0
    status, (rows, facts) = attempt(questions(*bad), how)
    assert status == 0
    assert {question for question, row in rows.items() if row["finish"] == "refused:poisoned"} == set(bad)
    assert all(row["finish"] == "length" and row["tokens"] == 40 for question, row in rows.items() if question not in bad)
    assert set(facts["engine_deaths"]) == {how} and len(facts["engine_deaths"]) <= 2 * 6, "by halves, and twice alone"
    assert all(f"({how}) twice with it alone in flight" in rows[question]["said"] for question in bad)
    assert not (tmp_path / "journal" / WHOLE / IN_FLIGHT).exists(), "nobody is suspected any more"
    again, facts = attempt(questions(*bad), how)[1]
    assert (again, facts["from_journal"], facts["engine_deaths"]) == (rows, len(rows), [])


def test_where_all_of_the_job_dies_each_time_it_is_found_over_the_runs(tmp_path, attempt):
    bad = f"{POISON} 하나"
    runs = 0
    while attempt(questions(bad), "SIGKILL-ALL")[0] < 0:
        runs += 1
        assert runs < 10
    rows, _ = attempt(questions(bad), "SIGKILL-ALL")[1]
    assert [question for question, row in rows.items() if row["finish"] == "refused:poisoned"] == [bad]


def test_an_engine_that_answers_nothing_condemns_nobody(tmp_path, attempt):
    """As where the machine lacks an instruction: the plain question takes the process down, too."""
    asked = [f"{number} {POISON}" for number in range(9)]
    attempt(asked, "SIGILL")
    code = (HERE / "dying_engine.py").read_text().replace("state[1] or self.always(self.steps)", "True")
    (tmp_path / "always.py").write_text(code)
    words = [sys.executable, tmp_path / "always.py", tmp_path / "teacher/manifest.json", tmp_path / "journal", "SIGILL", *asked]
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parent}:{HERE.parents[1]}"}
    for _ in range(2):
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, env=environment, timeout=60)
        assert done.returncode == 1 and "ended (SIGILL) with no prompt in flight" in done.stderr.splitlines()[-1]
    assert list(Journal(tmp_path / "journal", WHOLE).rows) == []


def test_told_to_end_while_a_child_draws_it_keeps_its_work(tmp_path, teacher, attempt):
    bad = f"{POISON} 하나"
    assert attempt(questions(bad), "SIGSEGV")[0] < 0
    process = started(teacher, tmp_path, questions(bad), "SIGSEGV", SECONDS="0.2")
    file, deadline = tmp_path / "journal" / WHOLE / IN_FLIGHT, time.monotonic() + 60
    while not (file.read_text().startswith("=") and f"-{CANARY}\n" in file.read_text()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "told to end by SIGTERM" in said) == (75, True), said
    assert InFlight(file).suspects and not InFlight(file).left, "nobody new is suspected, and nobody is cleared"
    rows, _ = attempt(questions(bad), "SIGSEGV")[1]
    assert [question for question, row in rows.items() if row["finish"] == "refused:poisoned"] == [bad]


def ended(path, *keys, watched, segments=0):
    """A process that ends with these in flight, and what the next one makes of it."""
    flight = InFlight(path)
    for key in keys:
        flight.begin(key)
    os.close(flight._file)
    flight = InFlight(path)
    assert flight.left == list(keys)
    return flight.blame(watched, lambda key: segments), flight


def test_kills_of_all_of_the_job_suspect_nobody_who_gets_on(tmp_path):
    path = tmp_path / IN_FLIGHT
    for segments in range(40):
        aside, flight = ended(path, "long", watched=False, segments=segments // 2)
        assert (aside, flight.suspects) == ([], [])


def test_one_that_does_not_get_on_is_drawn_alone_before_it_is_set_aside(tmp_path):
    path = tmp_path / IN_FLIGHT
    for number in range(1, UNWATCHED + DEATHS):
        aside, flight = ended(path, "stuck", watched=False)
        assert (aside, bool(flight.suspects)) == ([], number >= UNWATCHED)
    assert ended(path, "stuck", watched=False)[0] == ["stuck"]


def test_suspicion_is_halved_and_what_is_answered_is_free_of_it(tmp_path):
    path = tmp_path / IN_FLIGHT
    _, flight = ended(path, *"abcdefg", watched=True)
    assert flight.suspects == [["d", "e", "f", "g"], ["a", "b", "c"]]
    for key in "abc":
        flight.begin(key)
        flight.end(key)
    flight.begin("d")
    flight.close()
    assert InFlight(path).left == [], "this one ended as it should"
    assert InFlight(path).suspects == [["d", "e", "f", "g"]]
    _, flight = ended(path, "d", "e", "f", "g", watched=True)
    _, flight = ended(path, "d", "e", watched=False)
    assert flight.suspects == [["f", "g"], ["e"], ["d"]], "under suspicion any end counts"
    assert ended(path, "d", watched=True)[0] == []
    assert ended(path, "d", watched=True, segments=1)[0] == [], "it got on"
    aside, flight = ended(path, "d", watched=True, segments=1)
    assert (aside, flight.suspects) == (["d"], [["f", "g"], ["e"]])


def test_a_plain_question_and_damage_say_nothing(tmp_path):
    path = tmp_path / IN_FLIGHT
    _, flight = ended(path, CANARY, watched=True)
    assert (flight.suspects, InFlight(path).left) == ([], [])
    for damaged in (b"\xff\xfe\n+a\n-", b'={"suspects": 7}\n+a\n+b', b"=[]\n+a\n", b"={\n+a\n"):
        path.write_bytes(damaged)
        assert (InFlight(path).left, InFlight(path).suspects) == (["a"], []), damaged


def test_how_the_last_attempt_ended_is_known(tmp_path, monkeypatch):
    assert attempts.last() == {}
    for signal in (-11, -9):
        attempts.begin([tmp_path]).end(signal)
    attempt = attempts.begin([tmp_path])
    monkeypatch.setenv(attempts.VARIABLE, str(attempt.path))
    assert attempts.last()["signal"] == "SIGKILL" and not attempts.last().get("lost")
