"""Checks of what `koreason train` refuses before it starts anything, all in one process:  python check_launch.py BASES"""

import contextlib
import fcntl
import io
import json
import shutil
import sys
import tempfile
import unittest.mock
from pathlib import Path
from typing import Any

import numpy as np
import tiny
import torch
from damage import Errors, refuses_damage
from harness import run_checks
from safetensors.torch import load_file, save_file

from koreason.cli import main
from koreason.records.held import held
from koreason.records.stage import Stage
from koreason.train.decoder.shape import read_shape, rope_frequencies
from koreason.train.steps import checkpoint

MODEL = {"tensor_parallel": 1, "data_parallel": 1, "sequence_parallel": False, "dtype": "float32", "recompute": False}
SCHEDULE = {
    "epochs": 1, "max_steps": None, "sequence_length": 64, "packing": True, "global_batch": 2, "lr": 1e-3, "min_lr": 1e-4,
    "warmup_share": 0.0, "decay": "cosine", "weight_decay": 0.0, "beta1": 0.9, "beta2": 0.95, "clip": 1.0,
    "save_every": 10, "keep_checkpoints": 2, "seed": 5,
}  # fmt: skip


def packed(lengths: list[int], token: int = 5) -> Path:
    folder = Path(tempfile.mkdtemp())
    with Stage(folder, "pack", {}, []) as stage:
        arrays = {
            "tokens.npy": np.full(sum(lengths), token, np.int32),
            "loss_mask.npy": np.ones(sum(lengths), np.uint8),
            "bounds.npy": np.cumsum([0, *lengths]).astype(np.int64),
        }
        for name, array in arrays.items():
            np.save(stage.path(name), array)
            stage.add(name)
    return folder


def refusal(base: Path, data: Path | None = None, model: Any = None, schedule: Any = None, out: Path | None = None) -> str:
    """The one line with which training is refused."""
    data, out, errors = data or packed([9, 9]), out or Path(tempfile.mkdtemp()), io.StringIO()
    arguments = ["--spec", json.dumps(MODEL | (model or {})), "--schedule", json.dumps(SCHEDULE | (schedule or {}))]
    arguments += ["--packed", str(data / "manifest.json"), "--base", str(base / "manifest.json"), "--out", str(out)]
    with contextlib.redirect_stderr(errors):
        assert main(["train", *arguments]) == 2
    line = errors.getvalue()
    assert line.startswith("koreason: ") and line.count("\n") == 1, line
    assert not (out / "manifest.json").exists()
    return line


def copy(bases: Path, name: str = "llama31") -> Path:
    folder = Path(tempfile.mkdtemp()) / "base"
    shutil.copytree(bases / name, folder)
    return folder


def configured(bases: Path, name: str = "llama31", **changes: Any) -> Path:
    folder = copy(bases, name)
    path = folder / "config.json"
    config = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not ...}))
    tiny.declare(folder)
    return folder


def check_inputs_that_are_not_there(bases: Path) -> None:
    assert "no such manifest" in refusal(bases / "nowhere")
    assert "no such manifest" in refusal(bases / "llama", data=bases)
    broken = copy(bases)
    (broken / "model.safetensors").unlink()
    assert "model.safetensors: is missing" in refusal(broken)
    tiny.declare(broken)
    assert "model.safetensors: is missing" in refusal(broken)
    broken = copy(bases)
    (broken / "config.json").unlink()
    tiny.declare(broken)
    assert "declares no config.json" in refusal(broken)


def check_inputs_that_are_not_what_their_manifests_say(bases: Path) -> None:
    base, data, out = copy(bases), packed([9, 9]), Path(tempfile.mkdtemp())
    arguments = ["--spec", json.dumps(MODEL), "--schedule", json.dumps(SCHEDULE), "--out", str(out)]
    arguments += ["--packed", str(data / "manifest.json"), "--base", str(base / "manifest.json")]
    for file in (base / "model.safetensors", base / "tokenizer.json", data / "loss_mask.npy", data / "tokens.npy"):
        refuses_damage(lambda: main(["train", *arguments]), file, out, Errors())


def check_an_index_leads_nowhere_else(bases: Path) -> None:
    base = copy(bases)
    for name in ("/etc/passwd", "../other/model.safetensors", "config.json", "nowhere.safetensors"):
        (base / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"model.norm.weight": name}}))
        tiny.declare(base)
        said = refusal(base)
        assert "which is no safetensors file of its folder" in said or "nowhere.safetensors: is missing" in said, said


def check_weights_that_are_damaged(bases: Path) -> None:
    broken = copy(bases)
    (broken / "model.safetensors").write_bytes(b"not safetensors at all")
    tiny.declare(broken)
    assert "not readable safetensors" in refusal(broken)
    tensors = load_file(bases / "llama31/model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, broken / "model.safetensors")
    tiny.declare(broken)
    assert "lacks 1 weights, model.norm.weight first" in refusal(broken)


def check_models_that_cannot_be_trained(bases: Path) -> None:
    line = refusal(configured(bases, model_type="gpt2"))
    assert "'gpt2' cannot be trained" in line and "llama, qwen2, qwen3" in line
    assert "attention_bias 'true' is not supported" in refusal(configured(bases, attention_bias=True))
    assert "use_sliding_window" in refusal(configured(bases, "qwen25", use_sliding_window=True, sliding_window=8, max_window_layers=0))
    assert "rope type 'linear'" in refusal(configured(bases, rope_parameters={"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}))
    assert "hidden_act 'gelu'" in refusal(configured(bases, hidden_act="gelu"))
    assert "does not divide intermediate_size 64" in refusal(bases / "llama", model={"tensor_parallel": 3})
    assert "lacks the key 'num_hidden_layers'" in refusal(configured(bases, num_hidden_layers=...))
    broken = copy(bases)
    (broken / "config.json").write_text("{")
    tiny.declare(broken)
    assert "is not JSON" in refusal(broken)


def check_configurations_of_older_transformers_mean_the_same(bases: Path) -> None:
    for name in ("llama", "llama31"):
        rope = json.loads((bases / name / "config.json").read_text())["rope_parameters"]
        theta = rope.pop("rope_theta")
        older = configured(bases, name, rope_parameters=None, rope_theta=theta, rope_scaling=rope if name == "llama31" else None)
        old, new = read_shape(held(older), 2), read_shape(held(bases / name), 2)
        assert old == new
        for kind, rope in new.ropes.items():
            assert torch.equal(rope_frequencies(old.ropes[kind], old.head_width), rope_frequencies(rope, new.head_width))


def check_data_that_cannot_be_trained_on(bases: Path) -> None:
    assert "holds no document" in refusal(bases / "llama", data=packed([]))
    line = refusal(bases / "llama", data=packed([70, 90]))
    assert "64 is less than every document's length" in line and "the shortest of 2 has 70 tokens" in line
    assert "token 263 is not in the base's vocabulary of 263" in refusal(bases / "llama", data=packed([9], token=263))


def check_layouts_and_schedules_that_do_not_work(bases: Path) -> None:
    assert "3 does not divide global_batch 2" in refusal(bases / "llama", model={"data_parallel": 3})
    assert "tensor_parallel: is 0; accepted: at least 1" in refusal(bases / "llama", model={"tensor_parallel": 0})
    assert "save_every: is 0" in refusal(bases / "llama", schedule={"save_every": 0})
    assert "max_steps: is 0" in refusal(bases / "llama", schedule={"max_steps": 0})
    assert "clip: is 0; accepted: more than 0" in refusal(bases / "llama", schedule={"clip": 0})
    with unittest.mock.patch("koreason.train.decoder.cuda.count", return_value=1):
        assert "puts 2 ranks here, but there are 1 GPUs" in refusal(bases / "llama", model={"tensor_parallel": 2})
    assert "unexpected keyword argument 'tp'" in refusal(bases / "llama", model={"tp": 2})


def check_a_second_training_in_the_same_folder_is_refused(bases: Path) -> None:
    out = Path(tempfile.mkdtemp())
    (out / "checkpoints").mkdir()
    with open(out / "checkpoints/lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "another training is running there" in refusal(bases / "llama", out=out)


def check_what_lies_among_checkpoints_is_torn_or_kept(_: Path) -> None:
    folder, settings = Path(tempfile.mkdtemp()) / "checkpoints", "a" * 64
    disk = Path(tempfile.mkdtemp())
    folder.symlink_to(disk)  # a larger one

    def written(name: str, record: Any) -> Path:
        path = folder / name
        path.mkdir()
        (path / "00.safetensors").write_bytes(b"weights")
        if record is not None:
            (path / "complete").write_text(record if isinstance(record, str) else json.dumps(record))
        return path

    whole = {"settings": settings, "step": 10, "files": {}, "tensor_parallel": 1}
    torn = written("step-00000090", None)
    strange = ["", "[]", "{}", "[" * 10**5, whole, whole | {"settings": "../../../../x", "step": 25}, whole | {"step": [26], "settings": 7}]
    unread = [written(f"step-{20 + number:08d}", record) for number, record in enumerate(strange)]
    other = written("step-00000015", whole | {"settings": "b" * 64, "step": 15})
    mine = [written("step-00000010-mine", whole), written("step-of-old", None), folder / "step-00000011", folder / "step-00000012"]
    mine[2].symlink_to(mine[0])
    mine[3].write_text("a note")
    assert checkpoint.find(folder, settings) is None
    assert not torn.exists() and not other.exists() and all(path.exists() for path in mine)
    kept = {path.parent.relative_to(folder).as_posix() for path in folder.glob("*/*/00.safetensors")}
    assert kept == {f"other-unread/{path.name}" for path in unread} | {f"other-{'b' * 12}/step-00000015"}
    written("step-00000030", whole | {"step": 30})
    for name in ("lock", "failed-0.json", "meet-4711-0-1"):
        (folder / name).touch()
    checkpoint.remove(folder)
    assert {path.name for path in disk.iterdir()} == {"other-unread", f"other-{'b' * 12}", *(path.name for path in mine)}
    shutil.rmtree(disk)
    disk.mkdir()
    checkpoint.remove(folder)
    assert disk.exists()


if __name__ == "__main__":
    run_checks(globals(), Path(sys.argv[1]))
