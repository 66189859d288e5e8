"""A run as it is published from: its configuration, its jobs, and what an output was made of.

    run = read_run(Path("."))
    [job.stage for job in run.behind("results/mixes/demo")[0]]   # everything that it was made of, the first first

A run's folder will do, finished or restored, and an archive that is a folder.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koreason.archive.diff import config_of, folder_of
from koreason.archive.gathered.jobs import Job, jobs
from koreason.config.joined.parts import IMPORTED, asked_of, pair_of, traced
from koreason.errors import UserError
from koreason.ops.kept.outputs import RESULTS
from koreason.records.held import Held, held
from koreason.records.manifest import MANIFEST, RUN, again

MIXES = "results/mixes"


@dataclass(frozen=True)
class Run:
    """A run's folder, its configuration as resolved, and its outputs by their folders below it."""

    folder: Path
    config: dict[str, Any]
    made: dict[str, Job]

    def behind(self, folder: str) -> tuple[list[Job], list[str]]:
        """The job that made an output and all that it was made of, in the order in which they ended; and what of it is not there.

        Raises:
            UserError: nothing says when it was made, and of what.
        """
        if folder not in self.made or "ended" not in self.made[folder].run:
            raise UserError("is missing, so that nobody knows when it was made, and of what", self.folder / folder / RUN,
                            again(self.folder / folder))  # fmt: skip
        found: dict[str, Job] = {}
        gone: set[str] = set()
        todo = [folder]
        while todo:
            name = todo.pop()
            if name not in self.made or "ended" not in self.made[name].run:
                gone.add(name)
            elif name not in found:
                found[name] = self.made[name]
                todo += self.made[name].inputs
        return sorted(found.values(), key=lambda job: (float(job.run["ended"]), job.folder)), sorted(gone)

    def held(self, folder: str) -> Held:
        """An output, to be read."""
        return held(self.folder / folder / MANIFEST)

    def table(self, name: str, entry: str) -> dict[str, Any]:
        """An entry of the configuration.

        Raises:
            UserError: it has none.
        """
        found = self.config.get(name, {})
        if entry not in found:
            raise UserError(f"has no {name}.{entry}, which it was made of", "the run's configuration", "plan the run once more as it was")
        entry_found: dict[str, Any] = found[entry]
        return entry_found

    @property
    def mixes(self) -> list[str]:
        """The mixes that the run has drawn."""
        return [folder.removeprefix(f"{MIXES}/") for folder in self.made if folder.startswith(f"{MIXES}/")]

    def parts(self, mix: str) -> list[tuple[str, str]]:
        """The parts of a mix, as pool and recipe or `imported` and name."""
        return [pair_of(part) for part in self.table("mixes", mix)["traces"]]

    def teachers(self, mix: str) -> list[str]:
        """Entries of `bases` that wrote its traces, or translated its prompts."""
        found = [str(self.table("recipes", recipe)["teacher"]) for _, recipe in asked_of([self.table("mixes", mix)])]
        todo, seen = [pool for pool, _ in self.parts(mix) if pool != IMPORTED], set[str]()
        while todo:
            if (pool := todo.pop()) in seen:
                continue
            seen.add(pool)
            for source in (self.table("sources", name) for name in self.table("pools", pool)["sources"]):
                if source.get("recipe"):
                    found.append(str(self.table("recipes", source["recipe"])["teacher"]))
                todo += [source["pool"]] if source.get("pool") else []
        return list(dict.fromkeys(found))

    def languages(self, mix: str) -> list[str]:
        """The languages that it is meant for."""
        return list(dict.fromkeys(str(traced(self.config, *part)["language"]) for part in self.parts(mix)))


def read_run(folder: Path) -> Run:
    """The run in a folder.

    Raises:
        UserError: there is none, or its configuration is not kept.
    """
    found = folder_of(folder)
    config = config_of(found)
    if not config:
        raise UserError(
            "its configuration is not kept", found, f"publish from a run that koreason 0.3 or later has planned, with {RESULTS}/"
        )
    return Run(found, config, {job.folder: job for job in jobs(found) if job.made is not None})
