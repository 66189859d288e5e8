"""A stage's sidecars: `manifest.json` says what its output is, `run.json` how it came to be.

    with Stage(out, "clean", spec, inputs) as stage:
        stage.counts["input"] = 3
        stage.add("prompts.parquet", rows=3)

The manifest is content only (deterministic, the next rule's input) and is written last: where it exists the stage is
complete. Files are built beside, in the folder `.making`, and take the places of what an earlier run made at the end: a stage that fails
or is stopped leaves that as it was, without a manifest. `run.json` repeats what was made, so that a stage too costly to repeat can take
its output over where only the manifest was lost: `made_before`.
"""

import json
import os
import platform
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from koreason.errors import UserError
from koreason.home import HOME
from koreason.records.adopted import code_of
from koreason.records.digests import canonical, sha256_file, write_atomically
from koreason.records.form import described, text
from koreason.records.held import Held, read_digests
from koreason.records.manifest import MANIFEST, RUN, is_plain, made_by
from koreason.records.whereabouts import whereabouts
from koreason.system import neighbours
from koreason.system.git import commit_of

WEIGHTS = ".safetensors"
MAKING = ".making"  # below an output's folder: what is to take its place


class Stage:
    """Context of one stage's run over the folder `out`; see the module's docstring.

    Attributes:
        out: the folder; everything declared with `add` lies below it at the end.
        making: where it is built.
        counts: what went in, what came out, and how many were dropped for each reason; part of the manifest.
        run: free-form facts of this run (throughput, seeds); part of `run.json` only.
    """

    def __init__(self, out: Path, name: str, spec: Any, inputs: Iterable[Path]) -> None:
        self.out, self.name, self.spec = Path(out), name, spec
        self.making = self.out / MAKING
        self.inputs = [Path(path) for path in inputs]
        self.counts: dict[str, Any] = {}
        self.run: dict[str, Any] = {}
        self._files: dict[str, dict[str, Any]] = {}
        self._before: dict[str, Any] | None = None

    def __enter__(self) -> "Stage":
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / MANIFEST).unlink(missing_ok=True)
        if self._before is None:
            shutil.rmtree(self.making, ignore_errors=True)  # of an attempt that was killed
            self.making.mkdir()
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
            made = Held(self.out / MANIFEST, run["made"])
            same = canonical(causes) == canonical({cause: run[cause] for cause in causes} | {"code": code_of(run)})
            if not same or not all(map(is_plain, made.names)) or any(made.wrongs(made.names)):
                return False
        except (OSError, ValueError, KeyError, TypeError, UserError):
            return False
        self._before = made.made
        return True

    def path(self, name: str) -> Path:
        """Where the declared file `name` is built; its folder is made."""
        self._files.setdefault(name, {})
        path = self.making / name
        path.parent.mkdir(parents=True, exist_ok=True)
        neighbours.clear(path)
        return path

    def add(self, name: str, **facts: Any) -> None:
        """Declare an output file, with facts such as `rows` that belong in the manifest."""
        self._files[name] = facts

    def take(self, path: Path, **facts: Any) -> None:
        """Declare a file, or a link to one, that was made elsewhere, and move it to the others."""
        path.replace(self.path(path.name))
        self.add(path.name, **facts)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if error is not None:
            shutil.rmtree(self.making, ignore_errors=True)
            return
        made = self._before
        if made is None:
            names = sorted(self._files)
            digests = dict(zip(names, read_digests([self.making / name for name in names]), strict=True))
            files = {name: {"sha256": digests[name], "bytes": (self.making / name).stat().st_size, **self._files[name]} for name in names}
            made = described(self.name, files, self.counts)
            self._swap(names)
            write_atomically(self.out / RUN, text(self._run() | {"made": made}))
        write_atomically(self.out / MANIFEST, text(made))

    def _swap(self, names: list[str]) -> None:
        """Let what was built take the place of what an earlier run made here, and that go: an old figure, a file of an older model."""
        former = self._former()
        if any(name.endswith(WEIGHTS) for name in names):  # of whatever origin: engines take every one, and an index, for the model's
            former += [path for path in self.out.glob(f"*{WEIGHTS}*") if not path.is_dir()]
        # where this is cut off, files of both lie there: `run.json` must not tell of the former ones as whole
        (self.out / RUN).unlink(missing_ok=True)
        for path in former:
            if path.relative_to(self.out).as_posix() not in names:
                path.unlink(missing_ok=True)
        for name in names:
            (self.out / name).parent.mkdir(parents=True, exist_ok=True)
            (self.making / name).replace(self.out / name)
        shutil.rmtree(self.making, ignore_errors=True)

    def _former(self) -> list[Path]:
        """The files that an earlier run made here."""
        made = made_by(self.out / RUN)
        former = made.get("files") if isinstance(made, dict) else None
        inside = [self.out / name for name in (former if isinstance(former, dict) else {}) if is_plain(name)]
        return [path for path in inside if path.parent.resolve().is_relative_to(self.out.resolve())]

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
        return self._causes() | {
            "package": os.environ.get("KOREASON_PACKAGE", ""),
            "commit": commit_of(HOME),
            "python": platform.python_version(),
            **whereabouts(),
            "started": self._started,
            "ended": ended,
            "seconds": ended - self._started,
            **self.run,
        }
