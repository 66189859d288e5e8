"""`koreason train` from end to end on a tiny model: layouts agree, and kills leave no trace in what is learnt."""

import json
import random
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from damage import flip
from train_scripts import HERE, start

from koreason.records.held import held
from koreason.records.stage import Stage
from koreason.tables import MIX, write_table

pytestmark = pytest.mark.slow

MODEL = {"tensor_parallel": 1, "data_parallel": 1, "sequence_parallel": False, "dtype": "float32", "recompute": "none"}
SCHEDULE = {
    "epochs": 20, "max_steps": 60, "sequence_length": 256, "packing": True, "global_batch": 2, "lr": 1e-3, "min_lr": 1e-4,
    "warmup_share": 0.1, "decay": "cosine", "weight_decay": 0.01, "beta1": 0.9, "beta2": 0.95, "clip": 1.0,
    "save_every": 10, "keep_checkpoints": 2, "seed": 5,
}  # fmt: skip
LAYOUTS = {
    "one rank": {},
    "one rank, recomputing": {"recompute": True},
    "one rank, recomputing lightly": {"recompute": "light"},
    "tensor parallel": {"tensor_parallel": 2},
    "sequence parallel": {"tensor_parallel": 2, "sequence_parallel": True, "recompute": True},
    "data parallel": {"data_parallel": 2},
    "data parallel, each with all states": {"data_parallel": 2, "distributed_optimizer": False},
}


class Training:
    """Runs `koreason train` on one packed mix into folders of its own."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder, self.base = folder, base
        self.done: dict[str, Path] = {}
        rows = []
        for index in range(24):
            answer = f"<think>\n{index} {'plus one ' * (index % 5)}\n</think>\n\n{index + 1}입니다"
            messages = [{"role": "user", "content": f"{index} 다음 수는?"}, {"role": "assistant", "content": answer}]
            rows.append(
                {
                    "prompt_id": f"{index:02}",
                    "sample": 0,
                    "source": "s",
                    "category": "c",
                    "licence": "A",
                    "messages": messages,
                    "why_kept": "w",
                }
            )
        rows[0]["messages"][1]["content"] = "long " * 100
        with Stage(folder / "mix", "select", {}, []) as stage:
            write_table(pl.DataFrame(rows, schema=MIX), stage, "mix.parquet", MIX)
        arguments = ["--mix", folder / "mix/manifest.json", "--tokenizer", base / "manifest.json", "--out", folder / "packed"]
        process = start("-m", "koreason", "pack", *arguments)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors

    def start(self, out: Path, layout: str = "one rank", schedule: dict | None = None, **variables: str) -> subprocess.Popen[str]:
        arguments = [
            "--spec", json.dumps(MODEL | LAYOUTS[layout]), "--schedule", json.dumps(SCHEDULE | (schedule or {})),
            "--packed", self.folder / "packed/manifest.json", "--base", self.base / "manifest.json", "--out", out,
        ]  # fmt: skip
        return start("-m", "koreason", "train", *arguments, **variables)

    def run(self, out: Path, *arguments: object, **variables: str) -> tuple[int, str]:
        process = self.start(out, *arguments, **variables)
        _, errors = process.communicate(timeout=600)
        return process.returncode, errors

    def finished(self, layout: str) -> Path:
        """Folder of an undisturbed run."""
        if layout not in self.done:
            out = self.folder / layout.replace(" ", "-")
            status, errors = self.run(out, layout)
            assert status == 0, errors
            self.done[layout] = out
        return self.done[layout]


@pytest.fixture(scope="module")
def training(bases, tmp_path_factory) -> Training:
    return Training(tmp_path_factory.mktemp("training"), bases / "llama")


def rows(out: Path) -> list[dict]:
    live = out / ".live" / "metrics.jsonl"
    whole = (live if live.is_file() else out / "metrics.jsonl").read_text().rpartition("\n")[0]  # its last line may be half written
    return [json.loads(line) for line in whole.splitlines()]


def manifest(out: Path) -> dict:
    return json.loads((out / "manifest.json").read_text())


def told(*folders: Path) -> list[dict[str, list[tuple[int, float]]]]:
    """What TensorBoard shows of folders: steps and values by tag."""
    code = (
        "import json, sys; from tensorboard.backend.event_processing.event_accumulator import EventAccumulator as Reader\n"
        "for reader in map(Reader, sys.argv[1:]):\n"
        "    reader.Reload(); shown = {tag: reader.Scalars(tag) for tag in reader.Tags()['scalars']}\n"
        "    print(json.dumps({tag: [(event.step, event.value) for event in events] for tag, events in shown.items()}))\n"
    )
    output, errors = start("-c", code, *folders, environment="validators").communicate(timeout=300)
    assert output.count("\n") == len(folders), errors
    return [json.loads(line) for line in output.splitlines()]


def wait_for_steps(process: subprocess.Popen[str], out: Path, steps: int) -> None:
    while process.poll() is None and not ((out / ".live" / "metrics.jsonl").is_file() and len(rows(out)) >= steps):
        time.sleep(0.005)
    assert process.poll() is None, "it ended before it could be disturbed"


def test_output_is_a_model_and_the_counts_add_up(training):
    out = training.finished("one rank")
    found = manifest(out)
    assert found["counts"]["documents"] == 23 and found["counts"]["dropped"] == {"longer than sequence_length": 1}
    assert found["counts"]["steps"] == 60 == len(rows(out))
    assert [row["step"] for row in rows(out)] == list(range(1, 61))
    assert found["counts"]["tokens"] == sum(row["tokens"] for row in rows(out))
    assert rows(out)[-1]["loss"] < 0.5 * rows(out)[0]["loss"]
    assert {"model.safetensors", "config.json", "tokenizer.json", "metrics.jsonl", "chat_template.jinja"} <= set(found["files"])
    assert not (out / "checkpoints").exists()
    ends = json.loads((out / "generation_config.json").read_text())["eos_token_id"]
    taught = json.loads((out / "tokenizer.json").read_text())["added_tokens"]
    assert [token["content"] for token in taught if token["id"] == ends] == ["<|im_end|>"]
    run = json.loads((out / "run.json").read_text())
    assert run["tokens_per_second"] > 0 and run["seconds_per_step"] > 0
    assert run["tokens_per_second_first"] > 0 and run["tokens_per_second_steady"] > 0
    code = (
        "import sys, torch; from transformers import AutoModelForCausalLM as M, AutoTokenizer as T;"
        "m, t = M.from_pretrained(sys.argv[1]), T.from_pretrained(sys.argv[1]);"
        "chat = [{'role': 'user', 'content': '7 다음 수는?'}];"
        "p = t.apply_chat_template(chat, add_generation_prompt=True, return_tensors='pt', return_dict=True);"
        "assert m.dtype == torch.float32;"
        "print(t.decode(m.generate(**p, max_new_tokens=8, do_sample=False)[0][-8:]))"
    )
    process = start("-c", code, out)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0 and output.startswith("<think>"), errors


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if not name.startswith("one rank")])
def test_layouts_learn_the_same(training, layout):
    for wanted, row in zip(rows(training.finished("one rank")), rows(training.finished(layout)), strict=True):
        assert {key: row[key] for key in ("step", "epoch", "lr", "tokens", "loss_tokens")} == {
            key: wanted[key] for key in ("step", "epoch", "lr", "tokens", "loss_tokens")
        }
        assert abs(row["loss"] - wanted["loss"]) < 1e-4, (row, wanted)
        assert abs(row["grad_norm"] - wanted["grad_norm"]) < 1e-4 * max(1.0, wanted["grad_norm"]), (row, wanted)


@dataclass(frozen=True)
class Kill:
    """When a run is killed, and in which layout it goes on.

    Attributes:
        fsync: of the first rank, which is killed in it: a checkpoint calls one on its tensors, one on its metrics, and one on the file that
            marks it whole. 0: the launcher is killed instead.
        steps, seconds: so many steps have been taken by then, and so long ago.
    """

    before: str
    after: str
    fsync: int = 0
    steps: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.before}-{f'fsync {self.fsync}' if self.fsync else f'{self.steps} steps, {self.seconds:.3f} s'}"

    def strike(self, training: Training, out: Path) -> None:
        if self.fsync:
            status, errors = training.run(out, self.before, PYTHONPATH=str(HERE / "faults"), FAULT_FSYNC=str(self.fsync))
            assert status == 1 and "rank 0 was killed by signal 9" in errors and "Traceback" not in errors
        else:
            process = training.start(out, self.before, {"save_every": 2})
            wait_for_steps(process, out, self.steps)
            time.sleep(self.seconds)
            process.send_signal(signal.SIGKILL)
            process.communicate()


def drawn(seed: int) -> Kill:
    """Half of them in a save, half of them anywhere, in two layouts."""
    draw, layout = random.Random(seed), ("tensor parallel", "data parallel")[seed % 2]
    if seed % 4 < 2:
        return Kill(layout, layout, draw.randrange(1, 16))
    return Kill(layout, layout, steps=draw.randrange(1, 50), seconds=draw.random() / 10)


# What only says how a model is trained loses no checkpoint and changes no bit.
KNOWN = (
    Kill("one rank", "one rank, recomputing", 1),
    Kill("one rank", "one rank, recomputing lightly", 6),
    Kill("data parallel", "data parallel", 3),
    Kill("data parallel", "data parallel", 4),
)


@pytest.mark.parametrize("kill", [*KNOWN, *(pytest.param(drawn(seed), marks=pytest.mark.soak) for seed in range(40))], ids=str)
def test_killed_at_any_moment_and_resumed_to_the_same_bits(training, tmp_path, kill):
    kill.strike(training, tmp_path)
    assert not (tmp_path / "manifest.json").exists()
    status, errors = training.run(tmp_path, kill.after, {"save_every": 7, "keep_checkpoints": 1})
    assert status == 0, errors
    whole = (kill.fsync - 1) // 3
    assert not kill.fsync or ("is incomplete and is removed" in errors and (f"going on after step {whole}0" in errors) == (whole > 0))
    assert manifest(tmp_path) == manifest(training.finished(kill.before))


def test_launcher_killed_then_newest_checkpoint_damaged_and_resumed_to_the_same_bits(training, tmp_path):
    process = training.start(tmp_path)
    wait_for_steps(process, tmp_path, 35)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    shutil.copytree(tmp_path / ".live", tmp_path / ".killed")
    newest = max((tmp_path / "checkpoints").glob("step-*/complete")).parent  # a later one may be torn
    flip(newest / "00.safetensors")
    status, errors = training.run(tmp_path)
    assert status == 0 and f"{newest}: 00.safetensors is not as it was written; the checkpoint before it is used" in errors
    assert f"going on after step {int(newest.name[5:]) - 10}" in errors
    assert manifest(tmp_path) == manifest(training.finished("one rank"))
    killed, whole = told(tmp_path / ".killed", tmp_path)
    assert len(killed["metrics/loss"]) >= 34 and len(list(tmp_path.glob("events.*"))) == 2
    for column in ("loss", "grad_norm", "lr", "tokens"):
        wanted = [(row["step"], pytest.approx(row[column])) for row in rows(tmp_path)]
        assert list(map(tuple, whole[f"metrics/{column}"])) == wanted
        assert list(map(tuple, killed[f"metrics/{column}"])) == wanted[: len(killed["metrics/loss"])]
    assert [step for step, _ in whole["throughput/tokens_per_second"]] == list(range(1, 61))
    assert not held(tmp_path).foreign() and not (tmp_path / ".live").exists()


def test_a_checkpoint_goes_on_in_any_layout(training, tmp_path):
    """Each is killed in its second checkpoint, and the next one, in another layout, goes on from its first."""
    for layout in ("one rank", "sequence parallel", "data parallel", "data parallel, each with all states"):
        status, errors = training.run(tmp_path, layout, PYTHONPATH=str(HERE / "faults"), FAULT_FSYNC="6")
        assert status == 1 and "rank 0 was killed by signal 9" in errors, errors
    status, errors = training.run(tmp_path, "tensor parallel")
    assert status == 0 and "going on after step 40" in errors, errors
    for wanted, row in zip(rows(training.finished("one rank")), rows(tmp_path), strict=True):
        assert all(row[key] == wanted[key] for key in ("step", "epoch", "lr", "tokens", "loss_tokens"))
        assert abs(row["loss"] - wanted["loss"]) < 1e-5 * max(1.0, wanted["loss"]), (row, wanted)
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["layout"] == LAYOUTS["tensor parallel"] | {"data_parallel": 1, "sequence_parallel": False, "distributed_optimizer": True}


def test_told_to_stop_saves_and_ends_with_75(training, tmp_path):
    for number, steps in ((signal.SIGTERM, 3), (signal.SIGINT, 13), (signal.SIGUSR1, 23)):
        process = training.start(tmp_path, "tensor parallel")
        wait_for_steps(process, tmp_path, steps)
        process.send_signal(number)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 75, errors
        assert "told to stop: saved after step" in errors and not (tmp_path / "manifest.json").exists()
        assert errors.endswith("koreason: stopped: what is trained is saved; type the same command again to go on\n"), errors
        assert len(list((tmp_path / "checkpoints").glob("step-*/complete"))) <= 2
    status, errors = training.run(tmp_path, "tensor parallel")
    assert status == 0 and "going on after step" in errors
    assert manifest(tmp_path) == manifest(training.finished("tensor parallel"))


def test_one_rank_killed_takes_the_others_down_and_is_named(training, tmp_path):
    started = time.monotonic()
    status, errors = training.run(tmp_path, "data parallel", {"max_steps": 40, "epochs": 40}, PYTHONPATH=str(HERE / "faults"),
                                  FAULT_FSYNC="1", FAULT_RANK="0")  # fmt: skip
    assert status == 1 and "rank 0 was killed by signal 9" in errors
    assert time.monotonic() - started < 500
    assert not _processes_in(tmp_path), "a rank is still there"


def _processes_in(out: Path) -> list[str]:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return [line for line in lines if "train-rank" in line and str(out) in line]


def test_checkpoints_of_other_settings_are_not_continued(training, tmp_path):
    status, _ = training.run(tmp_path, PYTHONPATH=str(HERE / "faults"), FAULT_FSYNC="6")
    assert status == 1 and (tmp_path / "checkpoints/step-00000010/complete").is_file()
    status, errors = training.run(tmp_path, "one rank", {"lr": 2e-3, "max_steps": 12})
    assert status == 0 and "step-00000010 belongs to other settings and is not used" in errors
    [kept] = (tmp_path / "checkpoints").glob("*/step-00000010/complete")
    assert str(kept.parents[1]) in errors and not list((tmp_path / "checkpoints").glob("step-*"))
    assert len(rows(tmp_path)) == 12 and max(row["lr"] for row in rows(tmp_path)) == 2e-3


def test_a_loss_that_is_no_number_stops_with_one_line(training, tmp_path):
    status, errors = training.run(tmp_path, "tensor parallel", {"lr": 1e30, "max_steps": 5})
    line = errors.splitlines()[-1]
    assert status == 2 and line.startswith("koreason: step 2: ") and "lower lr, or look at its" in line, errors
    assert "lost in " in line and len(rows(tmp_path)) == 1
    assert "Traceback" not in errors and not (tmp_path / "manifest.json").exists()


def test_packing_changes_nothing_that_is_learnt_of_a_batch_of_documents(training, tmp_path):
    found = []
    for packing in (True, False):
        out = tmp_path / str(packing)
        how = {"packing": packing, "batch_of": "documents", "global_batch": 5, "max_steps": 12, "held_out": 0.1}
        status, errors = training.run(out, "data parallel" if packing else "one rank", how)
        assert status == 0, errors
        found.append(rows(out))
    assert manifest(tmp_path / "True")["counts"]["held_out"] == 2
    assert manifest(tmp_path / "True")["counts"]["bins"] < manifest(tmp_path / "False")["counts"]["bins"] == 21
    for one, other in zip(*found, strict=True):
        assert all(one[key] == other[key] for key in ("step", "epoch", "lr", "tokens", "loss_tokens"))
        assert abs(one["loss"] - other["loss"]) < 1e-5 and abs(one["grad_norm"] - other["grad_norm"]) < 1e-4
        assert ("held_out_loss" in one) == (one["step"] in (5, 10, 12))  # after each epoch, and at the end
        assert abs(one.get("held_out_loss", 0) - other.get("held_out_loss", 0)) < 1e-5
    assert found[0][-1]["held_out_loss"] < found[0][4]["held_out_loss"]


def test_documents_one_by_one(training, tmp_path):
    status, errors = training.run(tmp_path, "sequence parallel", {"packing": False, "max_steps": 3})
    assert status == 0, errors
    assert manifest(tmp_path)["counts"]["bins"] == 23


@pytest.fixture
def undeclared(training, tmp_path) -> Path:
    """A finished model whose job was taken for failed: Snakemake has removed its manifest."""
    out = tmp_path / "copy"
    shutil.copytree(training.finished("tensor parallel"), out)
    (out / "manifest.json").unlink()
    return out


def test_a_finished_model_is_not_trained_again(training, undeclared):
    run = (undeclared / "run.json").read_text()
    assert [status for status, _ in in_tasks(training, undeclared)] == [0, 0]
    assert manifest(undeclared) == manifest(training.finished("tensor parallel"))
    assert (undeclared / "run.json").read_text() == run, "it tells of the run that trained it"
    assert not (undeclared / "checkpoints").exists()


def test_a_damaged_model_is_trained_again(training, undeclared):
    with open(undeclared / "model.safetensors", "r+b") as file:
        file.seek(-1, 2)
        file.write(b"!")
    (undeclared / "model-00001-of-00002.safetensors").write_bytes(b"left over")
    status, errors = training.run(undeclared, "tensor parallel")
    assert status == 0, errors
    assert manifest(undeclared) == manifest(training.finished("tensor parallel"))
    assert not list(undeclared.glob("model-*"))


def in_tasks(training, out: Path, **variables: str) -> list[tuple[int, str]]:
    """One `koreason train` for each of two tasks of a Slurm step, as `srun` starts them; status and errors of each."""
    step = {
        "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_JOB_ID": "4711",
        "KOREASON_STEP": "4711",
        "SLURM_LOCALID": "0",
        "SLURM_LAUNCH_NODE_IPADDR": "127.0.0.1",
    }
    processes = [training.start(out, "tensor parallel", **step, SLURM_PROCID=str(index), **variables) for index in (1, 0)]
    errors = [process.communicate(timeout=300)[1] for process in processes]
    return [(process.returncode, text) for process, text in zip(processes, errors, strict=True)][::-1]


def test_two_tasks_learn_the_same_bits_as_one_process(training, tmp_path):
    assert [status for status, _ in in_tasks(training, tmp_path)] == [0, 0]
    assert manifest(tmp_path) == manifest(training.finished("tensor parallel"))
    assert json.loads((tmp_path / "run.json").read_text())["tasks"] == 2


def test_the_threads_of_the_job_change_no_bit(training, tmp_path):
    status, errors = training.run(tmp_path, MKL_NUM_THREADS="2", OMP_NUM_THREADS="2")
    assert status == 0, errors
    assert manifest(tmp_path) == manifest(training.finished("one rank"))


def test_the_task_whose_rank_failed_first_says_why(training, tmp_path):
    faults = {"PYTHONPATH": str(HERE / "faults"), "FAULT_FSYNC": "1", "FAULT_RANK": "1"}
    (first, said_first), (second, said_second) = in_tasks(training, tmp_path, **faults)
    assert (first, second) == (1, 1)
    assert "rank 1 was killed by signal 9" in said_second
    assert "failed first" not in said_first, "it only noticed"
