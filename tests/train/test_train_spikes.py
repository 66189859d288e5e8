"""`koreason spikes`: where a loss rises and stays up, which rows were trained on there, and the exclusion that a mix honours."""

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from test_train_run import MODEL, SCHEDULE
from train_scripts import start

from koreason.cli import main
from koreason.records.stage import Stage
from koreason.tables import MIX, write_table
from koreason.train.documents.bins import plan_bins
from koreason.train.documents.table import DOCUMENTS
from koreason.train.spec import Schedule
from koreason.train.spikes import Rule, Spike, spikes

Capture = pytest.CaptureFixture[str]
MODEL_OF = Path("results/models/small/demo/short")
PACKED_OF = Path("results/packed/demo/tiny")
CALM = [2.0 + 0.05 * math.sin(7 * step) for step in range(40)]
LENGTHS = np.full(160, 50)
ONCE = SCHEDULE | {"epochs": 1, "max_steps": None, "packing": False, "global_batch": 4}


def with_losses(**changes: float) -> list[float]:
    losses = list(CALM)
    for step, loss in changes.items():
        losses[int(step.removeprefix("at_")) - 1] = loss
    return losses


@pytest.mark.parametrize(
    ("losses", "steps"),
    [
        (CALM, []),
        (with_losses(at_20=9.0), []),  # recovered at the next step
        (with_losses(at_20=9.0, at_21=8.0), [20]),
        (with_losses(at_20=9.0, at_21=8.0, at_30=5.0, at_31=5.0, at_32=5.0), [20, 30]),
        (with_losses(at_40=9.0), []),  # nobody knows yet
        (with_losses(at_3=9.0, at_4=9.0), []),  # before anything is known of it
        (with_losses(at_20=0.1, at_21=0.1), []),  # a fall is none
        ([5.0 * 0.9**step for step in range(40)], []),
        ([*CALM[:20], *[4.0] * 60], [21]),  # the new level, once
        ([2.0] * 20 + [2.01] * 2 + [2.0] * 18, []),  # a loss that hardly scatters
    ],
)
def test_a_spike_is_an_abrupt_rise_that_is_not_recovered_at_the_next_step(losses: list[float], steps: list[int]) -> None:
    assert [spike.step for spike in spikes(losses, Rule())] == steps


def test_its_figures_are_those_of_the_rule() -> None:
    losses = [1.0, 2.0, 3.0, 2.0, 2.0, 1.0, 3.0, 2.0, 9.0, 9.0]
    # median 2; of the deviations 1, 0, 1, 0, 0, 1, 1, 0 it is 0.5
    assert list(spikes(losses, Rule())) == [Spike(9, 9.0, pytest.approx(2.0 + 5 * 1.4826 * 0.5))]


def plan() -> list[list[int]]:
    """The documents of each step of a training on 160 rows, four a step."""
    made = plan_bins(LENGTHS, Schedule(**ONCE))
    return [[document for documents in made.step(step) for document in documents] for step in range(made.steps)]


def prompt_id(index: int) -> str:
    return f"{index:024x}"


def trained(losses: list[float]) -> None:
    """What packing and a training leave, as far as it is looked at."""
    rows = [(prompt_id(index), 0, 50, 10) for index in range(len(LENGTHS))]
    with Stage(PACKED_OF, "pack", {}, []) as stage:
        write_table(pl.DataFrame(rows, schema=DOCUMENTS, orient="row"), stage, "documents.parquet", DOCUMENTS)
        arrays = {"bounds.npy": np.arange(161) * 50, "tokens.npy": np.zeros(8000, np.int32), "loss_mask.npy": np.ones(8000, np.uint8)}
        for name, array in arrays.items():
            np.save(stage.path(name), array)
            stage.add(name)
    how = {name: ONCE[name] for name in ("save_every", "keep_checkpoints")}
    spec = {"schedule": {key: value for key, value in ONCE.items() if key not in how}}
    with Stage(MODEL_OF, "train", spec, [PACKED_OF / "manifest.json"]) as stage:
        lines = [json.dumps({"step": step, "loss": loss, "tokens": 200}) + "\n" for step, loss in enumerate(losses, start=1)]
        stage.path("metrics.jsonl").write_text("".join(lines))
        stage.add("metrics.jsonl")
        stage.run["how"] = how


def purged(mix: str = "demo") -> list[str]:
    found: list[str] = yaml.safe_load(Path("purged.yaml").read_text())["mixes"][mix]["purged"]
    return found


def named(*steps: int) -> list[str]:
    """The rows of some steps, from 1."""
    return sorted(f"{prompt_id(index)}/0" for step in steps for index in plan()[step - 1])


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("run_folder")
def test_the_rows_around_a_spike_are_listed_and_excluded(capsys: Capture) -> None:
    trained(with_losses(at_20=9.0, at_21=8.0))
    assert main(["spikes", "small", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("small/demo/short: 1 spike in 40 steps\n  step 20: loss 9.0000, above ") and not Path("purged.yaml").exists()
    assert sorted(line.split()[2] for line in said.splitlines() if line.startswith("    step")) == named(19, 20, 21)
    assert main(["spikes", "small/demo/short"]) == 0
    assert "purged.yaml leaves 12 traces out of demo" in capsys.readouterr().out
    assert purged() == named(19, 20, 21)
    # a later look adds to it
    trained(with_losses(at_30=9.0, at_31=8.0))
    assert main(["spikes", "small/demo"]) == 0
    assert purged() == sorted(named(19, 20, 21) + named(29, 30, 31))


@pytest.mark.usefixtures("run_folder")
def test_what_it_cannot_read_is_one_line(capsys: Capture) -> None:
    trained(with_losses(at_20=9.0, at_21=8.0))
    manifest = (PACKED_OF / "manifest.json").read_text()
    for change, said in (
        (lambda: (PACKED_OF / "manifest.json").write_text(manifest + "\n"), "packed data that is not there any more"),
        (lambda: (PACKED_OF / "manifest.json").write_text(manifest), None),
        (lambda: (MODEL_OF / "manifest.json").unlink(), "has not ended"),
        (lambda: (MODEL_OF / "metrics.jsonl").write_text('{"step": 2}\n'), "line 1 is none of a training's metrics"),
    ):
        change()
        assert main(["spikes", "small", "--dry-run"]) == (2 if said else 0)
        assert (said or "") in capsys.readouterr().err
    for name in ("other", "small/demo/short/more", "../models", "sm*"):
        assert main(["spikes", name]) == 2
        assert "no training with a metrics.jsonl is called" in capsys.readouterr().err
    assert main(["spikes", "small", "--window", "4"]) == 2


@pytest.mark.usefixtures("run_folder")
def test_a_training_that_has_not_ended_is_looked_at_with_its_configuration(capsys: Capture) -> None:
    trained(with_losses(at_20=9.0, at_21=8.0))
    (MODEL_OF / "manifest.json").unlink()
    lines = (MODEL_OF / "metrics.jsonl").read_text().splitlines()[:25]
    (MODEL_OF / "metrics.jsonl").write_text("\n".join([*lines, '{"step": 2']))
    mine = {"models": {"small": {"base": "mine"}}, "bases": {"mine": {"tokenizer": "tiny"}}, "schedules": {"short": ONCE}}
    Path("mine.yaml").write_text(yaml.safe_dump(mine | {"mixes": {"demo": {"purged": [f"{prompt_id(999)}/1"]}}}))
    assert main(["spikes", "small", "--configfile", "mine.yaml"]) == 0
    assert "snakemake --cores 2 --configfile mine.yaml purged.yaml" in capsys.readouterr().out
    assert purged() == sorted([*named(19, 20, 21), f"{prompt_id(999)}/1"]), "what another file excluded stays so"
    mine["schedules"]["short"] = ONCE | {"global_batch": 2}
    Path("mine.yaml").write_text(yaml.safe_dump(mine))
    assert main(["spikes", "small", "--configfile", "mine.yaml"]) == 2
    assert "was trained on 200 tokens in step 19, where its plan now has 100" in capsys.readouterr().err


@pytest.mark.slow
def test_a_bad_cluster_of_rows_is_found_in_a_training(bases: Path, run_folder: Path, capsys: Capture) -> None:
    bad = {index for step in (30, 31) for index in plan()[step - 1]}
    chance = np.random.default_rng(1)
    rows = []
    for index in range(len(LENGTHS)):
        noise = "".join(map(chr, chance.integers(33, 126, 40)))
        answer = noise if index in bad else f"<think>\n{index} plus one\n</think>\n\n{index + 1}입니다"
        messages = [{"role": "user", "content": f"{index} 다음 수는?"}, {"role": "assistant", "content": answer}]
        rows.append({"prompt_id": prompt_id(index), "sample": 0, "messages": messages})
    with Stage(Path("results/mixes/demo"), "select", {}, []) as stage:
        write_table(pl.DataFrame(rows, schema=MIX), stage, "mix.parquet", MIX)
    base = bases / "llama/manifest.json"
    for words in (
        ["pack", "--mix", run_folder / "results/mixes/demo/manifest.json", "--tokenizer", base, "--out", run_folder / PACKED_OF],
        [
            *("train", "--spec", json.dumps(MODEL), "--schedule", json.dumps(ONCE), "--base", base),
            *("--packed", run_folder / PACKED_OF / "manifest.json", "--out", run_folder / MODEL_OF),
        ],
    ):
        process = start("-m", "koreason", *words)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    assert main(["spikes", "small"]) == 0
    assert "small/demo/short: 1 spike in 40 steps\n  step 30: " in capsys.readouterr().out
    assert purged() == named(29, 30, 31) and {f"{prompt_id(index)}/0" for index in bad} < set(purged())
