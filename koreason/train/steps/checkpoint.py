"""Checkpoints beside a model's declared output: whole or not there.

    record = find(Path("results/models/.../checkpoints"), job.settings)      # the newest one, None where there is none

    checkpoints/step-00000040/00.safetensors   parameters and Adam states of tensor-parallel rank 0
                              metrics.jsonl    of the steps so far
                              complete         written last; names the settings, the step and the files' sizes

A folder without `complete` was torn by a kill and is removed. Weights are kept in float32, from which those in bfloat16
follow, so a resumed run continues with the same bits.
"""

import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from safetensors.torch import load_file, save_file

from koreason.records.digests import write_atomically
from koreason.train.steps import adam

COMPLETE, METRICS = "complete", "metrics.jsonl"
KEPT = (*adam.STATES, adam.STEP)

log = logging.getLogger(__name__)


def find(folder: Path, settings: str) -> dict[str, Any] | None:
    """The newest whole checkpoint of these settings, as its `complete` record; torn ones are removed."""
    newest = None
    for path in sorted(folder.glob("step-*")):
        record = _record(path)
        if record is None:
            log.warning("%s is incomplete and is removed", path)
            shutil.rmtree(path)
        elif record["settings"] != settings:
            log.warning("%s belongs to other settings and is not used", path)
        else:
            newest = record
    return newest


def _record(path: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads((path / COMPLETE).read_text(encoding="utf-8"))
        whole = all((path / name).stat().st_size == size for name, size in record["files"].items())
    except (OSError, ValueError, KeyError):
        return None
    return record if whole else None


def path_of(folder: Path, step: int) -> Path:
    """Folder of the checkpoint after `step` steps."""
    return folder / f"step-{step:08d}"


def save(folder: Path, settings: str, step: int, model: Any, optimizer: Any, metrics: Path, keep: int) -> None:
    """Write a checkpoint; every rank calls, and ranks that hold the same write it once."""
    path = path_of(folder, step)
    first = torch.distributed.get_rank() == 0
    if first:
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
    torch.distributed.barrier()
    group = model.pg_collection
    if group.dp.rank() == 0:
        save_file(_states(model, optimizer), path / f"{group.tp.rank():02d}.safetensors")
        _sync(path / f"{group.tp.rank():02d}.safetensors")
    torch.distributed.barrier()
    if first:
        shutil.copyfile(metrics, path / METRICS)
        _sync(path / METRICS)
        sizes = {item.name: item.stat().st_size for item in sorted(path.iterdir())}
        write_atomically(path / COMPLETE, json.dumps({"settings": settings, "step": step, "files": sizes}) + "\n")
        _prune(folder, settings, keep)
    torch.distributed.barrier()  # no rank may leave, and be taken for a sign to stop, before the checkpoint is whole


def _prune(folder: Path, settings: str, keep: int) -> None:
    mine: list[Path] = []
    other: list[Path] = []
    for path in sorted(folder.glob("step-*")):
        record = _record(path)
        (mine if record and record["settings"] == settings else other).append(path)
    for path in [*other, *mine[:-keep]]:
        (path / COMPLETE).unlink(missing_ok=True)  # first, so that a kill in between leaves it torn, not damaged
        shutil.rmtree(path)


def _sync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _masters(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """What the optimizer updates: the parameter itself, or its float32 copy."""
    return {name: getattr(parameter, "main_param", parameter) for name, parameter in model.named_parameters()}


def _states(model: Any, optimizer: Any) -> dict[str, torch.Tensor]:
    tensors = {}
    for name, master in _masters(model).items():
        tensors[f"{name}/weight"] = master.detach().contiguous()
        for state in KEPT:
            tensors[f"{name}/{state}"] = optimizer.state[master][state].detach().contiguous()
    return tensors


def load(folder: Path, step: int, model: Any, optimizer: Any) -> None:
    """Put a checkpoint's states into a freshly built model and optimizer."""
    tensors = load_file(path_of(folder, step) / f"{model.pg_collection.tp.rank():02d}.safetensors")
    masters = _masters(model)
    for name, parameter in model.named_parameters():
        master = masters[name]
        master.data.copy_(tensors[f"{name}/weight"])
        parameter.data.copy_(master)
        # On the CPU, Adam's step counters must be tensors of their own: one shared would count each parameter.
        states = {state: tensors[f"{name}/{state}"].to(master.device) for state in adam.STATES}
        optimizer.state[master] = states | {adam.STEP: tensors[f"{name}/{adam.STEP}"].to("cpu")}
