"""Requests that an engine refuses or dies of: set aside and named, and all others answered. The engine is played, the generator real."""

import json
import random
import sys
import types
from collections import Counter

import pytest
from played_tokenizer import Tokenizer, play

from koreason.engine import generator as generator_module
from koreason.engine.answers import EngineFailed
from koreason.engine.drawing import Model, draw
from koreason.engine.journals.journal import WHOLE, Journal
from koreason.engine.journals.ledger import write_ledger
from koreason.engine.signals import Notice
from koreason.engine.spec import Engine, Sampling
from koreason.records.manifest import read_manifest
from koreason.records.stage import Stage

ENGINE = Engine("float32", 512, 8, 1, 1, 0.5)
SAMPLING = Sampling(0.7, 0.9, 0, 0.0, max_tokens=40, segment_tokens=10)
POISON, WRONG = "독", "틀"


class Dying:
    """Draws each segment in two steps, from its prompt and seed alone; dies in the second step of a poisoned prompt's second segment."""

    started = 0
    asked: Counter  # how often each wrong request was tried
    always = staticmethod(lambda steps: False)

    def __init__(self):
        Dying.started += 1
        self.live, self.steps, self.dead = {}, 0, False

    def get_tokenizer(self):
        return Tokenizer()

    def add_request(self, key, prompt, parameters, priority=0):
        text = bytes(token for token in prompt["prompt_token_ids"] if token < 256)
        if WRONG.encode() in text:
            Dying.asked[key] += 1
            raise ValueError("a token that there is not")
        poisoned = POISON.encode() in text and any(token > 255 for token in prompt["prompt_token_ids"])
        self.live[key] = [2, poisoned, parameters, tuple(prompt["prompt_token_ids"])]

    def abort_request(self, keys):
        assert not self.dead
        for key in keys:
            self.live.pop(key, None)

    def step(self):
        assert not self.dead
        self.steps += 1
        finished = []
        for key, state in list(self.live.items()):
            state[0] -= 1
            if state[0] == 0 and (state[1] or self.always(self.steps)):
                self.dead = True
                raise RuntimeError("CUDA error: device-side assert triggered")
            if state[0] == 0:
                _, _, parameters, prompt = self.live.pop(key)
                chance = random.Random(f"{prompt}{parameters.seed}")
                tokens = [256 + chance.randrange(99) for _ in range(parameters.max_tokens)]
                output = types.SimpleNamespace(token_ids=tokens, finish_reason="length")
                finished.append(types.SimpleNamespace(finished=True, request_id=key, outputs=[output]))
        return finished


@pytest.fixture
def dying(monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", types.SimpleNamespace(SamplingParams=types.SimpleNamespace, TokensPrompt=dict))
    inner = types.SimpleNamespace(RepetitionDetectionParams=lambda *_: None, RequestOutputKind=types.SimpleNamespace(FINAL_ONLY=None))
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", inner)
    monkeypatch.setattr(generator_module, "_start", lambda *_: Dying())
    play(monkeypatch)
    monkeypatch.setattr("koreason.engine.poison.GRACE", 0.0)
    monkeypatch.setattr(Dying, "started", 0)
    monkeypatch.setattr(Dying, "asked", Counter(), raising=False)
    monkeypatch.setattr(Notice, "__init__", lambda self: setattr(self, "told", None) or setattr(self, "_held", False))
    return Dying


@pytest.fixture
def teacher(tmp_path):
    with Stage(tmp_path / "teacher", "base", {}, []) as stage:
        stage.path("config.json").write_text("{}")
        stage.add("config.json")
    return tmp_path / "teacher" / "manifest.json"


def answered(teacher, folder, questions):
    """Rows by question, and the facts of the run."""
    model = Model.read(teacher, "<think>", SAMPLING, ENGINE)
    requests = [model.request([{"role": "user", "content": question}], seed) for seed, question in enumerate(questions)]
    rows, facts = draw(requests, model, folder, WHOLE, Notice())
    return dict(zip(questions, rows, strict=True)), facts


def questions(*bad):
    """Thirty plain ones, and others in their midst."""
    found = [f"{number}번 문제" for number in range(30)]
    for place, question in zip((3, 17, 24), bad, strict=False):
        found.insert(place, question)
    return found


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
