"""Requests that an engine refuses or dies of: set aside and named, and all others answered. The engine is played, the generator real."""

import json

import pytest
from dying_engine import POISON, WRONG, Dying, answered, install, questions

from koreason.engine.answers import EngineFailed
from koreason.engine.journals.journal import WHOLE, Journal
from koreason.engine.journals.ledger import write_ledger
from koreason.engine.signals import Notice
from koreason.records.manifest import read_manifest
from koreason.records.stage import Stage


@pytest.fixture
def dying(monkeypatch):
    install(monkeypatch)
    monkeypatch.setattr(Notice, "__init__", lambda self: setattr(self, "told", None) or setattr(self, "_held", False))
    return Dying


@pytest.fixture
def teacher(tmp_path):
    with Stage(tmp_path / "teacher", "base", {}, []) as stage:
        stage.path("config.json").write_text("{}")
        stage.add("config.json")
    return tmp_path / "teacher" / "manifest.json"


@pytest.mark.parametrize("bad", [(f"{POISON} 하나",), (f"{POISON} 하나", f"{POISON} 둘", f"{POISON} 셋")])
def test_what_the_engine_dies_of_is_set_aside_and_the_others_are_answered_as_ever(tmp_path, teacher, dying, bad):
    plain, _ = answered(teacher, tmp_path / "plain", questions())
    dying.started = 0
    rows, facts = answered(teacher, tmp_path / "journal", questions(*bad))
    assert {question for question, row in rows.items() if row["finish"] == "refused:poisoned"} == set(bad)
    assert {rows[question]["said"] for question in bad} == {"RuntimeError: CUDA error: device-side assert triggered"}
    assert len(facts["engine_deaths"]) == dying.started - 1 <= len(bad) * 6, "by halves, and twice alone"
    seeds = dict(zip(questions(*bad), range(99), strict=False))
    assert all(row["finish"] == "length" and row["tokens"] == 40 for question, row in rows.items() if question not in bad)
    same = [question for question in plain if seeds[question] == questions().index(question)]
    assert same and all(rows[question]["text"] == plain[question]["text"] for question in same)
    journal = Journal(tmp_path / "journal", WHOLE)
    assert facts["engine_tokens"] == sum(len(part.tokens) for row in rows.values() for part in journal.begun.all(row["key"])), (
        "no token twice"
    )
    journal.close()
    started = dying.started
    again, facts = answered(teacher, tmp_path / "journal", questions(*bad))
    assert (again, facts["from_journal"], dying.started) == (rows, len(rows), started), "it is not asked again"


def test_another_engine_is_asked_again(tmp_path, teacher, dying, monkeypatch):
    answered(teacher, tmp_path / "journal", questions(f"{POISON} 하나"))
    monkeypatch.setattr("koreason.engine.journals.journal.version", lambda: "0.99")
    _, facts = answered(teacher, tmp_path / "journal", questions(f"{POISON} 하나"))
    assert (facts["from_journal"], len(facts["engine_deaths"])) == (30, 2)


def test_an_engine_that_dies_by_chance_condemns_nobody(tmp_path, teacher, dying, monkeypatch):
    plain, _ = answered(teacher, tmp_path / "plain", questions())
    monkeypatch.setattr(dying, "always", staticmethod(lambda steps: dying.started == 2 and steps > 9))
    dying.started = 1
    rows, facts = answered(teacher, tmp_path / "journal", questions())
    assert len(facts["engine_deaths"]) == 1
    assert rows == plain


def test_an_engine_that_answers_nothing_ends_the_job(tmp_path, teacher, dying, monkeypatch):
    monkeypatch.setattr(dying, "always", staticmethod(lambda steps: True))
    with pytest.raises(EngineFailed) as failed:
        answered(teacher, tmp_path / "journal", questions())
    assert "device-side assert" in str(failed.value.__cause__)
    assert dying.started == 2
    assert list(Journal(tmp_path / "journal", WHOLE).rows) == [], "nobody is condemned"


def test_what_the_engine_refuses_twice_is_set_aside(tmp_path, teacher, dying):
    rows, facts = answered(teacher, tmp_path / "journal", questions(f"{WRONG} 하나"))
    row = rows[f"{WRONG} 하나"]
    assert (row["finish"], row["said"]) == ("refused:engine_error", "ValueError: a token that there is not")
    assert sorted(dying.asked.values()) == [2] and dying.started == 1 and facts["engine_deaths"] == []
    assert sum(row["finish"] == "length" for row in rows.values()) == 30


def test_a_refusal_of_everything_is_no_fault_of_a_prompt(tmp_path, teacher, dying, monkeypatch):
    def refuse(self, key, prompt, parameters, priority):
        raise ValueError("no such option")

    monkeypatch.setattr(dying, "add_request", refuse)
    with pytest.raises(ValueError, match="no such option"):
        answered(teacher, tmp_path / "journal", questions())
    assert list(Journal(tmp_path / "journal", WHOLE).rows) == []


def test_the_ledger_names_each_that_has_no_answer(tmp_path, teacher, dying):
    asked = questions(f"{POISON} 하나", f"{WRONG} 둘", "긴 문제" * 90)
    rows, _ = answered(teacher, tmp_path / "journal", asked)
    with Stage(tmp_path / "out", "trace", {}, []) as stage:
        write_ledger(stage, (({"prompt_id": question[:4]}, rows[question]) for question in asked))
    lines = [json.loads(line) for line in (tmp_path / "out" / "errors.jsonl").read_text().splitlines()]
    assert [(line["prompt_id"], line["finish"]) for line in lines] == [
        (f"{POISON} 하나", "refused:poisoned"),
        (f"{WRONG} 둘", "refused:engine_error"),
        ("긴 문제긴"[:4], "refused:prompt_too_long"),
    ]
    assert [line["why"].split()[0] for line in lines] == ["RuntimeError:", "ValueError:", "907"]
    assert read_manifest(tmp_path / "out")["files"]["errors.jsonl"]["rows"] == 3
