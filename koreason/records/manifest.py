"""A stage's manifest: what its output is.

read_manifest(Path("results/pools/demo"))["files"]["prompts.parquet"]["rows"]

Stages do not open what stands in it by themselves: `koreason.records.held` does.
"""

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from koreason.errors import UserError
from koreason.records.digests import canonical

MANIFEST, RUN = "manifest.json", "run.json"
CHECKPOINTS = "checkpoints"  # below a model's folder, undeclared: they outlive a failed job
LIVE = ".live"  # likewise: what a training that has not ended yet says of its steps
EVENTS = "events.out.tfevents.*"  # likewise: what it told TensorBoard


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a stage's manifest; `path` may be the file or its folder.

    Raises:
        UserError: there is none, it is not one, or the `run.json` beside it tells of another output.
    """
    path = Path(path)
    path = path / MANIFEST if path.is_dir() else path
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if wrong := wrong_with(manifest):
            raise ValueError(wrong)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError("no such manifest", path, "run the stage that writes it first") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"not a manifest ({error})", path, again(path.parent)) from None
    made = made_by(path.with_name(RUN))
    if made is not None and canonical(made) != canonical(manifest):
        raise UserError(f"is not what its job wrote: {RUN} beside it tells of another output", path, again(path.parent))
    return manifest


def made_by(run: Path) -> Any:
    """What a `run.json` says was made; None where it says nothing, or cannot be read."""
    return object_in(run).get("made")


def object_in(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty where there is none, or it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def again(folder: Path) -> str:
    """How an output that is not what its manifest says is made anew."""
    return f"`koreason verify --repair {folder}` takes its manifest back, and the next run makes it again"


def wrong_with(manifest: Any) -> str:
    """Why a JSON value is no manifest; empty for one."""
    kinds = {"stage": str, "files": dict, "counts": dict}
    if not isinstance(manifest, dict):
        return "not an object"
    for key, kind in kinds.items():
        if not isinstance(manifest.get(key), kind):
            return f"lacks '{key}'"
    for name, facts in manifest["files"].items():
        if not is_plain(name):
            return f"names {name[:80]!r}, which is no plain path below its folder"
        if not isinstance(facts, dict) or not re.fullmatch(r"[0-9a-f]{64}", str(facts.get("sha256"))):
            return f"has no SHA-256 of {name}"
        if type(facts.get("bytes")) is not int or type(facts.get("rows", 0)) is not int:
            return f"has no size of {name}"
    return ""


def is_plain(name: str) -> bool:
    """Whether a name is a path below its folder and nothing else: relative, in one spelling, without `..` and control characters."""
    parts = PurePosixPath(name).parts
    return bool(parts) and "/".join(parts) == name and parts[0] != "/" and ".." not in parts and name.isprintable()
