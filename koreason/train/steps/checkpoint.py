"""Checkpoints beside a model's declared output: whole, of any layout, or not used.

    record = find(Path("results/models/.../checkpoints"), job.settings)      # the newest good one, None where there is none

    checkpoints/step-00000040/00.safetensors   parameters and Adam states of tensor-parallel rank 0
                              metrics.jsonl    of the steps so far
                              complete         written last; names the settings, the step, the layout and each file's SHA-256

A folder without `complete` was torn by a kill and is removed. One whose files are not those that it names is told of by name, and the one
before it is used. Weights are kept in float32, from which those in bfloat16 follow, so a resumed run continues with the same bits; in
another layout pieces are joined and cut anew, parameter by parameter, and it continues to rounding.
"""

import json
import logging
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from safetensors import safe_open
from safetensors.torch import save_file

from koreason.records.digests import sha256_file, write_atomically
from koreason.train.decoder.layout import Weight, weights
from koreason.train.decoder.shape import Shape
from koreason.train.steps import adam

COMPLETE, METRICS = "complete", "metrics.jsonl"
KEPT = (*adam.STATES, adam.STEP)
READERS = 16  # files whose digests are taken side by side

log = logging.getLogger(__name__)


def find(folder: Path, settings: str) -> dict[str, Any] | None:
    """The newest whole checkpoint of these settings, as its `complete` record; torn ones are removed, those of others put aside."""
    newest = None
    for path in sorted(folder.glob("step-*"), reverse=True):
        record = _record(path)
        if record is None:
            log.warning("%s is incomplete and is removed", path)
            shutil.rmtree(path)
        elif record["settings"] != settings:
            aside = folder / f"other-{str(record['settings'])[:12]}"
            log.warning("%s belongs to other settings and is not used: it is kept in %s, until you delete that", path, aside)
            _put_aside(path, aside)
        elif newest is None:
            if wrong := _wrong(path, record):
                log.warning("%s: %s; the checkpoint before it is used", path, wrong)
                (path / COMPLETE).unlink()  # it is not looked at again
            else:
                newest = record
    return newest


def _record(path: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads((path / COMPLETE).read_text(encoding="utf-8"))
        known = isinstance(record["files"], dict) and isinstance(record["step"], int) and bool(record["settings"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if known and path == path_of(path.parent, record["step"]) else None


def _wrong(path: Path, record: dict[str, Any]) -> str:
    """What is wrong with a checkpoint's files; empty where they are those that it names."""
    ranks = record.get("tensor_parallel")
    if not isinstance(ranks, int) or {*map(_file_of, range(ranks)), METRICS} != set(record["files"]):
        return f"{COMPLETE} does not name the files of its ranks"
    with ThreadPoolExecutor(READERS) as pool:
        names = sorted(record["files"])
        for name, wrong in zip(names, pool.map(lambda name: _wrong_file(path / name, record["files"][name]), names), strict=True):
            if wrong:
                return f"{name} {wrong}"
    return ""


def _wrong_file(path: Path, sha256: str) -> str:
    try:
        return "" if sha256_file(path) == sha256 else "is not as it was written"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _put_aside(path: Path, aside: Path) -> None:
    aside.mkdir(exist_ok=True)
    if (aside / path.name).exists():
        shutil.rmtree(aside / path.name)  # of the same settings, and older
    path.rename(aside / path.name)


def path_of(folder: Path, step: int) -> Path:
    """Folder of the checkpoint after `step` steps."""
    return folder / f"step-{step:08d}"


def _file_of(rank: int) -> str:
    return f"{rank:02d}.safetensors"


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
        file = path / _file_of(group.tp.rank())
        save_file(_states(model, optimizer), file)
        _sync(file)
        file.with_suffix(".sha256").write_text(sha256_file(file), encoding="ascii")
    torch.distributed.barrier()
    if first:
        shutil.copyfile(metrics, path / METRICS)
        _sync(path / METRICS)
        files = {METRICS: sha256_file(path / METRICS)}
        for told in sorted(path.glob("*.sha256")):
            files[told.with_suffix(".safetensors").name] = told.read_text(encoding="ascii")
            told.unlink()
        record = {"settings": settings, "step": step, "tensor_parallel": group.tp.size(), "files": files}
        write_atomically(path / COMPLETE, json.dumps(record) + "\n")
        _prune(folder, settings, keep)
    torch.distributed.barrier()  # no rank may leave, and be taken for a sign to stop, before the checkpoint is whole


def _prune(folder: Path, settings: str, keep: int) -> None:
    mine: list[Path] = []
    torn: list[Path] = []
    for path in sorted(folder.glob("step-*")):
        record = _record(path)
        if record is None or record["settings"] == settings:
            (mine if record else torn).append(path)
    for path in [*torn, *mine[:-keep]]:
        (path / COMPLETE).unlink(missing_ok=True)  # first, so that a kill in between leaves it torn, not damaged
        shutil.rmtree(path)


def remove(folder: Path) -> None:
    """Remove what a finished training leaves; what was put aside of other settings stays."""
    for path in folder.iterdir():
        if not path.name.startswith("other-"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if any(folder.iterdir()):
        log.warning("%s holds checkpoints of other settings, until you delete it", folder)
    else:
        folder.rmdir()


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


def load(folder: Path, step: int, model: Any, optimizer: Any, shape: Shape) -> None:
    """Put a checkpoint's states into a freshly built model and optimizer, whatever layout it was written in."""
    path = path_of(folder, step)
    record = _record(path) or {}
    before = replace(shape, tensor_parallel=record["tensor_parallel"])
    masters, own, rank = _masters(model), dict(model.named_parameters()), model.pg_collection.tp.rank()
    same = before.tensor_parallel == shape.tensor_parallel
    with ExitStack() as stack:
        ranks = [rank] if same else range(before.tensor_parallel)
        files = [stack.enter_context(safe_open(path / _file_of(number), framework="pt")) for number in ranks]
        for weight in weights(shape):
            parameter, master = own[weight.megatron], masters[weight.megatron]

            def state(name: str, weight: Weight = weight) -> torch.Tensor:
                pieces: list[torch.Tensor] = [file.get_tensor(f"{weight.megatron}/{name}") for file in files]
                return pieces[0] if same else weight.form.cut(weight.form.join(pieces, before), shape)[rank]

            master.data.copy_(state("weight"))
            parameter.data.copy_(master)
            # On the CPU, Adam's step counters must be tensors of their own: one shared would count each parameter.
            states = {name: state(name).contiguous().to(master.device) for name in adam.STATES}
            optimizer.state[master] = states | {adam.STEP: files[0].get_tensor(f"{weight.megatron}/{adam.STEP}").to("cpu")}
