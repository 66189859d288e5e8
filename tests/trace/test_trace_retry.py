"""`retry` of a recipe: only what was cut off or looped is drawn once more, with another budget; the engine is played."""

import json
import signal

import polars as pl
import pytest
from played_tokenizer import play
from small_engine import RECIPE

from koreason.cli import main
from koreason.engine.answers import Answer, Segment
from koreason.records.manifest import read_manifest
from koreason.records.stage import Stage
from koreason.tables import POOL, write_table

ENDS = {"긴": "length", "돌": "repetition", "끝": "stop"}  # by the first letter of a question
QUESTIONS = ["긴 문제", "돌고 도는 문제", "끝나는 문제", "긴 문제, 다시 그려도 너무 길다", "끝"]


class Played:
    """Ends as the question says; asked again, with `stop`, where the budget lets it."""

    drawn: list[tuple[str, int]]

    def __init__(self, model, sampling, engine, renderer):
        self.sampling, self.drawn_tokens, self.seconds, self.start_seconds = sampling, 0, 0.0, 1.0

    def answers(self, requests, on_segment, on_step):
        for request in requests:
            [message] = request.messages
            budget = (request.sampling or self.sampling).max_tokens
            Played.drawn.append((message["content"], budget))
            if request.sampling and "너무 길다" in message["content"]:
                yield Answer(request.key, "", "refused:prompt_too_long", 9, 0)
                continue
            self.drawn_tokens += 5
            finish = "stop" if request.sampling and budget > 30 else ENDS[message["content"][0]]
            on_segment(request.key, Segment((1, 2, 3, 4, 5), finish))
            yield Answer(request.key, f"생각</think>{budget} {request.seed}", finish, 9, 5)
            on_step()


@pytest.fixture
def trace(tmp_path, monkeypatch):
    """Trace the pool by a recipe; returns its table, and what was drawn."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
    monkeypatch.setattr("koreason.engine.drawing.Generator", Played)
    play(monkeypatch)
    rows = [{"prompt_id": f"{n:024x}", "source": "s", "question": q, "target_share": 0.8} for n, q in enumerate(QUESTIONS)]
    with Stage(tmp_path / "pool", "clean", {}, []) as stage:
        write_table(pl.DataFrame(rows, schema=POOL), stage, "prompts.parquet", POOL)
    with Stage(tmp_path / "teacher", "base", {}, []) as stage:
        stage.path("config.json").write_text("{}")
        stage.add("config.json")

    def run(retry=None, **changes):
        Played.drawn = []
        spec = RECIPE | ({"retry": retry} if retry else {}) | changes
        words = ["--spec", json.dumps(spec), "--language", '{"scripts": ["Hangul"]}', "--shard", "00000-of-00001"]
        words += ["--pool", str(tmp_path / "pool"), "--teacher", str(tmp_path / "teacher")]
        status = main(["trace", *words, "--journal", str(tmp_path / "journal"), "--out", str(tmp_path / "out")])
        return status or pl.read_parquet(tmp_path / "out" / "traces.parquet").rows_by_key("question", named=True, unique=True)

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


def test_only_what_was_cut_or_looped_is_drawn_again(trace, tmp_path):
    plain = trace()
    assert [row["finish"] for row in plain.values()] == ["length", "repetition", "stop", "length", "stop"]
    again = trace({"max_tokens": 48})
    assert Played.drawn == [(question, 48) for question in QUESTIONS if question[0] != "끝"]
    assert [row["finish"] for row in again.values()] == ["stop", "stop", "stop", "length", "stop"]
    assert read_manifest(tmp_path / "out")["counts"]["retried"] == {"length": 2, "repetition": 1}
    same = [question for question in QUESTIONS if again[question] == plain[question]]
    assert same == QUESTIONS[2:], "one that is refused with the larger budget stays as it was"
    for question in QUESTIONS[:2]:
        assert again[question]["request_key"] != plain[question]["request_key"] and again[question]["seed"] != plain[question]["seed"]
        assert again[question]["answer"] == f"48 {again[question]['seed']}"
    facts = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (facts["from_journal"], facts["engine_tokens"]) == (5, 10)


def test_each_budget_is_paid_for_once(trace, tmp_path):
    first, small, large = trace(), trace({"max_tokens": 28}), trace({"max_tokens": 48})
    assert [row["finish"] for row in small.values()] == ["length", "repetition", "stop", "length", "stop"]
    assert len({rows[QUESTIONS[0]]["request_key"] for rows in (first, small, large)}) == 3
    for retry, expected in (({"max_tokens": 28}, small), (None, first), ({"max_tokens": 48}, large)):
        assert trace(retry) == expected
        assert [question for question, _ in Played.drawn] == [], "all of it is in the journal"


def test_in_one_run_both_rounds_are_counted(trace, tmp_path):
    trace({"max_tokens": 48, "finish": ["repetition"]})
    assert Played.drawn == [*((question, 24) for question in QUESTIONS), (QUESTIONS[1], 48)]
    facts = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (facts["from_journal"], facts["engine_tokens"], facts["start_seconds"]) == (0, 30, 1.0)


def test_prune_keeps_both(trace, tmp_path):
    trace({"max_tokens": 48})
    assert main(["prune", str(tmp_path), "--yes"]) == 0
    trace({"max_tokens": 48})
    assert Played.drawn == []


@pytest.mark.parametrize(
    ("retry", "said"),
    [
        ({"max_tokens": 48, "think_tokens": 9}, "retry.think_tokens: needs sampling.think_tokens"),
        ({"max_tokens": 512}, "retry.max_tokens: leaves no room for a prompt"),
    ],
)
def test_a_retry_that_cannot_be_drawn_is_one_line(trace, capsys, retry, said):
    assert trace(retry) == 2
    assert said in capsys.readouterr().err
