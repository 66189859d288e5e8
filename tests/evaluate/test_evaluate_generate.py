"""`koreason generate` with an engine that is played: rows, what its journal saves, and signals."""

import json
import os
import signal

import polars as pl
import pytest
from damage import refuses_damage
from played_tokenizer import play

from koreason.cli import main
from koreason.engine.answers import Answer, Segment
from koreason.evaluate.asking import answer_seed
from koreason.evaluate.generate import table
from koreason.identity.code import code_digest
from koreason.records.manifest import read_manifest
from koreason.records.stage import Stage


class Played:
    """Answers in reverse order with two segments each, and refuses the longer question."""

    log: list[str]  # what each engine drew, over all of a test's engines
    at_start, at_step = staticmethod(lambda: None), staticmethod(lambda steps: None)
    start_seconds = 1.0

    def __init__(self, model, sampling, engine, renderer):
        assert (model / "config.json").is_file() and sampling.max_tokens == 24
        self.drawn_tokens, self.steps, self.seconds = 0, 0, 0.0
        Played.log.append("start")
        Played.at_start()

    def answers(self, requests, on_segment, on_step):
        self.seconds += 2.0
        for request in reversed(list(requests)):
            [message] = request.messages
            text = request.prefill + str(request.seed)
            if "몇 원" in message["content"]:
                yield Answer(request.key, text, "refused:prompt_too_long", 9, 0)
                continue
            for index, then in list(enumerate(("answer", "stop")))[len(request.begun) :]:
                self.drawn_tokens += 5
                self.steps += 1
                Played.log.append(f"{request.seed}/{index}")
                on_segment(request.key, Segment((1, 2, 3, 4, 5), then))
                if then == "stop":
                    yield Answer(request.key, text, "stop", 9, 10)
                Played.at_step(self.steps)
                on_step()


@pytest.fixture
def played(monkeypatch):
    """Play the engine; signal handlers are given back afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
    monkeypatch.setattr("koreason.engine.drawing.Generator", Played)
    play(monkeypatch)
    monkeypatch.setattr(Played, "log", [], raising=False)
    yield Played
    for number, handler in before.items():
        signal.signal(number, handler)


def write_model(folder, text="{}"):
    with Stage(folder, "base", {}, []) as stage:
        stage.path("config.json").write_text(text)
        stage.add("config.json")
    return folder / "manifest.json"


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path / "model")


def generate(workbench, spec, model):
    root = workbench.folder / "eval"
    bench = workbench.bench(spec)
    words = ["--spec", workbench.part("generate", spec), "--bench", str(bench), "--model", str(model)]
    words += ["--journal", str(root / "journal"), "--out", str(root / "generations")]
    return main(["generate", *words])


def manifest_of(workbench):
    return (workbench.folder / "eval" / "generations" / "manifest.json").read_bytes()


def facts_of(workbench):
    run = json.loads((workbench.folder / "eval" / "generations" / "run.json").read_text())
    return run["from_journal"], run["engine_tokens"]


def test_every_item_and_repeat_is_a_row(workbench, model, played):
    assert generate(workbench, workbench.spec(repeats=2, prefill="<think>"), model) == 0
    out = workbench.folder / "eval" / "generations"
    rows = pl.read_parquet(out / "generations.parquet").to_dicts()
    assert [(row["item_id"], row["repeat"]) for row in rows] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert [row["seed"] for row in rows] == [answer_seed(5, item, repeat) for item in "ab" for repeat in (0, 1)]
    assert all(row["response"] == f"<think>{row['seed']}" for row in rows)
    assert rows[0]["prompt"] == "값은 모두 몇 원인가?\n\n상자에 쓰세요."
    assert [row["finish"] for row in rows] == ["refused:prompt_too_long"] * 2 + ["stop"] * 2
    counts = read_manifest(out)["counts"]
    assert counts == {"items": 2, "repeats": 2, "answers": 4, "tokens": 20, "finish": {"refused:prompt_too_long": 2, "stop": 2}}
    run = json.loads((out / "run.json").read_text())
    assert (run["from_journal"], run["engine_tokens"], run["torn_bytes"]) == (0, 20, 0)
    assert (run["tokens_per_second"], run["engine_seconds"], run["start_seconds"]) == (10.0, 2.0, 1.0)


def test_what_is_missing_is_named(workbench, model, played, capsys):
    assert generate(workbench, workbench.spec(), workbench.folder / "none" / "manifest.json") == 2
    assert "no such manifest" in capsys.readouterr().err
    part, out = workbench.part("generate", workbench.spec()), workbench.folder / "eval"
    words = ["--spec", part, "--bench", str(out / "none.json"), "--model", str(model), "--journal", str(out / "journal"), "--out", str(out)]
    assert main(["generate", *words]) == 2
    assert "none.json: no such manifest" in capsys.readouterr().err
    assert not (workbench.folder / "eval").exists()


def test_a_damaged_model_is_refused_before_an_engine_starts(workbench, model, played, capsys):
    spec, out = workbench.spec(), workbench.folder / "eval" / "generations"
    refuses_damage(lambda: generate(workbench, spec, model), model.parent / "config.json", out, capsys)
    (model.parent / "generation_config.json").write_text("{}")
    assert generate(workbench, spec, model) == 2
    assert "its manifest does not name generation_config.json" in capsys.readouterr().err
    assert played.log == []


def test_scoring_is_no_part_of_what_generate_means(home):
    generate = (home / "koreason" / "evaluate" / "generate.py").read_text(encoding="utf-8")
    assert not any(f"evaluate.{module}" in generate for module in ("score", "extract", "values", "judge", "stats"))
    assert code_digest("koreason.evaluate.generate") != code_digest("koreason.evaluate.score")


def test_without_anything_missing_no_engine_is_started(workbench, model, played):
    spec = workbench.spec(repeats=2)
    generate(workbench, spec, model)
    before = manifest_of(workbench)
    for path in (workbench.folder / "eval" / "generations").iterdir():
        path.unlink()
    played.log.clear()
    assert generate(workbench, spec, model) == 0
    assert (played.log, manifest_of(workbench), facts_of(workbench)) == ([], before, (4, 0))


def test_damage_in_a_journal_costs_one_answer_and_is_counted(workbench, model, played):
    spec = workbench.spec(repeats=2)
    generate(workbench, spec, model)
    before, [rows] = manifest_of(workbench), (workbench.folder / "eval" / "journal").rglob("rows.jsonl")
    lines = rows.read_bytes().splitlines(keepends=True)
    rows.write_bytes(lines[0] + b"\0" * len(lines[1]) + b"".join(lines[2:]))
    for segments in (workbench.folder / "eval" / "journal").rglob("segments.jsonl"):
        segments.unlink()
    assert generate(workbench, spec, model) == 0
    run = json.loads((workbench.folder / "eval" / "generations" / "run.json").read_text())
    assert (run["from_journal"], run["damaged_places"], run["damaged_bytes"], run["torn_bytes"]) == (3, 1, len(lines[1]), 0)
    assert manifest_of(workbench) == before


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, 2),
        ({"role": "held-in", "version": 2}, 2),
        ({"engine": {"max_num_seqs": 1, "tensor_parallel": 2}}, 2),
        ({"engine": {"max_model_len": 1024}}, 1),
        ({"repeats": 2}, 2),
        ({"engine": {"dtype": "bfloat16"}}, 0),
        ({"engine": {"quantization": "fp8"}}, 0),
        ({"sampling": {"temperature": 0.6}}, 0),
        ({"sampling": {"segment_tokens": 12}}, 0),
        ({"sampling": {"max_repeats": 4}}, 0),
        ({"instruction": "쓰세요."}, 0),
        ({"prefill": "<think>"}, 0),
        ({"seed": 6}, 0),
    ],
)
def test_an_answer_is_taken_only_where_the_same_would_be_asked(workbench, model, played, change, found):
    """A refused prompt is asked again where the model's length limit is another: `max_model_len` takes one of two."""
    spec = json.loads(workbench.spec())
    generate(workbench, json.dumps(spec), model)
    changed = {key: {**spec[key], **value} if isinstance(value, dict) else value for key, value in change.items()}
    generate(workbench, json.dumps(spec | changed), model)
    assert facts_of(workbench)[0] == found


def test_a_changed_item_is_asked_again_and_a_new_one_moves_no_other(workbench, model, played):
    items = [{"id": str(index), "question": f"{index} 더하기 하나는?", "gold": "1"} for index in range(3)]
    generate(workbench, workbench.spec(items), model)
    items[1] |= {"question": "둘은?"}
    generate(workbench, workbench.spec([{"id": "-", "question": "영은?", "gold": "0"}, *items]), model)
    assert facts_of(workbench) == (2, 20)


def test_other_weights_in_the_same_folder_answer_for_themselves(workbench, model, played):
    spec = workbench.spec()
    generate(workbench, spec, model)
    write_model(model.parent, '{"trained": "again"}')
    generate(workbench, spec, model)
    assert facts_of(workbench) == (0, 10)
    write_model(model.parent)
    generate(workbench, spec, model)
    assert facts_of(workbench) == (2, 0), "the former model's answers are still there"
    rows = next((workbench.folder / "eval" / "journal").rglob("rows.jsonl"))
    assert main(["prune", str(workbench.folder), "--yes"]) == 0
    assert rows.read_bytes().count(b"\n") == 2, "until those that the last run did not ask for are taken out"
    generate(workbench, spec, model)
    assert facts_of(workbench) == (2, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_told_to_end_it_goes_on_where_it_was(workbench, model, played, monkeypatch, caplog, number, step):
    """Before an answer's first segment is followed by its second, between two answers, and in the second."""
    spec = workbench.spec(repeats=2)
    generate(workbench, spec, model)
    undisturbed, whole = manifest_of(workbench), played.log[:]
    root = workbench.folder / "eval"
    for path in [*(root / "journal").rglob("*.jsonl"), *(root / "generations").iterdir()]:
        path.unlink()
    played.log.clear()
    monkeypatch.setattr(played, "at_step", lambda steps: os.kill(os.getpid(), number) if steps == step else None)
    with pytest.raises(SystemExit) as ended:
        generate(workbench, spec, model)
    assert ended.value.code == 75
    assert f"told to end by {number.name}: {5 * step} tokens drawn, {step // 2} of 4 answers are in the journal" in caplog.text
    assert list((root / "generations").iterdir()) == []
    monkeypatch.setattr(played, "at_step", lambda steps: None)
    assert generate(workbench, spec, model) == 0
    assert manifest_of(workbench) == undisturbed
    assert sorted(entry for entry in played.log if entry != "start") == sorted(whole[1:]), "each segment once"


def test_told_to_end_while_the_engine_loads_it_ends_at_once(workbench, model, played, monkeypatch):
    monkeypatch.setattr(played, "at_start", lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit) as ended:
        generate(workbench, workbench.spec(), model)
    assert (ended.value.code, played.log) == (75, ["start"])


def test_an_engine_that_fails_because_all_were_told_to_end_is_no_defect(workbench, model, played, monkeypatch):
    def fail(steps):
        raise RuntimeError("a worker is gone")

    monkeypatch.setattr(played, "at_step", fail)
    with pytest.raises(RuntimeError, match="a worker is gone"):
        generate(workbench, workbench.spec(), model)
    monkeypatch.setattr(played, "at_step", lambda steps: (os.kill(os.getpid(), signal.SIGTERM), fail(steps)))
    with pytest.raises(SystemExit) as ended:
        generate(workbench, workbench.spec(repeats=2), model)
    assert ended.value.code == 75


def test_told_to_end_with_every_answer_drawn_it_finishes(workbench, model, played, monkeypatch):
    def told(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        return table(*arguments)

    monkeypatch.setattr("koreason.evaluate.generate.table", told)
    assert generate(workbench, workbench.spec(), model) == 0
