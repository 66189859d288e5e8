"""A stage's sidecars: `manifest.json` says what its output is, `run.json` how it came to be.

    with Stage(out, "clean", spec, inputs) as stage:
        stage.counts["input"] = 3
        stage.add("prompts.parquet", rows=3)

The manifest is content only (deterministic, the next rule's input) and is written last: where it exists the stage is
complete. A stage that fails leaves none, and removes the files it declared. `run.json` repeats what was made, so that a
stage too costly to repeat can take its output over where only the manifest was lost: `made_before`.
"""

import hashlib
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from koreason.errors import UserError

MANIFEST, RUN = "manifest.json", "run.json"
SLURM = ("SLURM_JOB_ID", "SLURM_JOB_NODELIST", "SLURMD_NODENAME", "SLURM_RESTART_COUNT")


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical(value: Any) -> str:
    """JSON text that does not depend on key order: what gets hashed and compared."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(value: Any) -> str:
    """Hex SHA-256 of a JSON value's canonical text."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step that survives a crash on either side of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a stage's manifest; `path` may be the file or its folder.

    Raises:
        UserError: there is none, or it is not JSON.
    """
    path = Path(path)
    path = path / MANIFEST if path.is_dir() else path
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError("no such manifest", path, "run the stage that writes it first") from None
    except ValueError as error:
        raise UserError(f"not a manifest ({error})", path, "delete its folder and run the stage again") from None
    return manifest


class Stage:
    """Context of one stage's run over the folder `out`; see the module's docstring.

    Attributes:
        out: the folder; everything declared with `add` lies below it.
        counts: what went in, what came out, and how many were dropped for each reason; part of the manifest.
        run: free-form facts of this run (throughput, seeds); part of `run.json` only.
    """

    def __init__(self, out: Path, name: str, spec: Any, inputs: Iterable[Path]) -> None:
        self.out, self.name, self.spec = Path(out), name, spec
        self.inputs = [Path(path) for path in inputs]
        self.counts: dict[str, Any] = {}
        self.run: dict[str, Any] = {}
        self._files: dict[str, dict[str, Any]] = {}
        self._before: dict[str, Any] | None = None

    def __enter__(self) -> "Stage":
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / MANIFEST).unlink(missing_ok=True)
        self._started = time.time()
        return self

    def made_before(self) -> bool:
        """Whether the output is there already, whole, from the same spec, inputs, code and environment; it is then declared as it is.

        So it is where a job had reached its end and was taken for failed all the same, as when its node died: it is started anew.
        All processes that share the stage may ask; only one may enter it.
        """
        causes = self._causes()
        try:
            run = json.loads((self.out / RUN).read_text(encoding="utf-8"))
            made: dict[str, Any] = run["made"]
            same = canonical(causes) == canonical({cause: run[cause] for cause in causes})
            if not same or any(sha256_file(self.out / name) != facts["sha256"] for name, facts in made["files"].items()):
                return False
        except (OSError, ValueError, KeyError, TypeError):
            return False
        self._before = made
        return True

    def path(self, name: str) -> Path:
        """Where the declared file `name` goes; its folder is made, and a failing stage will remove it."""
        self._files.setdefault(name, {})
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add(self, name: str, **facts: Any) -> None:
        """Declare an output file, with facts such as `rows` that belong in the manifest."""
        self._files[name] = facts

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if error is not None:
            for name in self._files:
                (self.out / name).unlink(missing_ok=True)
            return
        made = self._before
        if made is None:
            files = {}
            for name, facts in sorted(self._files.items()):
                path = self.out / name
                files[name] = {"sha256": sha256_file(path), "bytes": path.stat().st_size, **facts}
            made = {"stage": self.name, "files": files, "counts": self.counts}
            write_atomically(self.out / RUN, json.dumps(self._run() | {"made": made}, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
        write_atomically(self.out / MANIFEST, json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n")

    def _causes(self) -> dict[str, Any]:
        """All that decides the output."""
        return {
            "stage": self.name,
            "spec": self.spec,
            "inputs": {str(path): sha256_file(path) for path in self.inputs if path.is_file()},
            "code": os.environ.get("KOREASON_CODE", ""),
            "environment": os.environ.get("KOREASON_ENVIRONMENT", ""),
        }

    def _run(self) -> dict[str, Any]:
        ended = time.time()
        slurm = {key: os.environ[key] for key in SLURM if key in os.environ}
        return self._causes() | {
            "commit": commit_of(Path(__file__).parent),
            "host": platform.node(),
            "python": platform.python_version(),
            "slurm": slurm,
            "started": self._started,
            "ended": ended,
            "seconds": ended - self._started,
            **self.run,
        }


def commit_of(home: Path) -> str:
    """A repository's commit with `+` where the tree differs from it; empty outside a checkout.

    In a container, where there is no git, KOREASON_COMMIT says what the host found.
    """
    if "KOREASON_COMMIT" in os.environ:
        return os.environ["KOREASON_COMMIT"]
    git = ["git", "-C", str(home)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        dirty = subprocess.run([*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit + ("+" if dirty else "")
