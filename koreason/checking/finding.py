"""What a check finds, and what it is given to look at.

    Finding.of("is not set", "sources.forum.root", "export DUMPS=FOLDER", touches=run.due("ingest", source="forum"))

A finding that touches what would run stops a run before its first job; another one is said, and stops nothing.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from koreason.config.joined.reached import reached
from koreason.config.site import Site
from koreason.errors import UserError, explain
from koreason.workflow.dryrun import Planned


@dataclass(frozen=True)
class Finding:
    """One line: what is wrong, where, and the mend.

    Attributes:
        line: where, what and what to do, as a `UserError` says it.
        touches: whether something that would run meets it.
    """

    line: str
    touches: bool

    @classmethod
    def of(cls, what: str, where: object, do: str, touches: bool) -> "Finding":
        """A finding in the form of all messages."""
        return cls(str(UserError(what, where, do)), touches)


@dataclass(frozen=True)
class Run:
    """A run as it is planned.

    Attributes:
        config: its configuration, which has been accepted.
        jobs: what would run.
        site: the site file by which it would run, if there is one.
        results: where results lie.
        finished: outputs of jobs that need not run.
        read: which of them a job that would run reads.
        network: whether a hub may be asked.
        named: by table the entries to look at, where nothing can be planned yet: then all of them would be met.
    """

    config: dict[str, Any]
    jobs: list[Planned]
    site: Site | None = None
    results: Path = Path("results")
    finished: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    network: bool = True
    named: dict[str, list[str]] | None = None

    def due(self, *rules: str, **names: str) -> bool:
        """Whether a job of one of these rules would run on what is named; of any, where nothing is."""
        return self.named is not None or any(job.rule in rules and names.items() <= job.wildcards.items() for job in self.jobs)

    @functools.cached_property
    def reached(self) -> dict[str, list[str]]:
        """By table the entries that the run's experiments come to."""
        return reached(self.config) if self.named is None else self.named

    def entries(self, table: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The entries of a table that the run comes to."""
        for name in self.reached.get(table, []):
            yield name, self.config[table][name]


@contextmanager
def kept(found: list[Finding], where: str, touches: bool, called: str = "") -> Iterator[None]:
    """Make a finding of the mistake by which what stands inside ends; its message is made to begin with the place in the configuration.

    Args:
        called: what the place is called where the mistake is found.
    """
    try:
        yield
    except (UserError, OSError) as error:
        if (line := explain(error) if isinstance(error, OSError) else str(error)) is None:
            raise
        if called and line.startswith(called):
            line = where + line.removeprefix(called)
        found.append(Finding(line if line.startswith(where) else f"{where}: {line}", touches))
