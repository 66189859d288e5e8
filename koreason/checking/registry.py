"""The checks, in the order in which their findings are said.

found = findings(run)

To add one: write a function of a `Run` in a file of this room, and name it in CHECKS. A check yields findings and raises nothing; what
it needs of a stage, it asks the stage's own function, so that no rule is written twice.
"""

from collections.abc import Callable, Iterable, Iterator

from koreason.checking.benches import benches, seals
from koreason.checking.digests import read_large
from koreason.checking.dumps import dumps
from koreason.checking.finding import Finding, Run
from koreason.checking.hubs import gated
from koreason.checking.machine import environments, folders, ranks, space
from koreason.checking.models import bases, sizes, templates
from koreason.checking.outputs import outputs
from koreason.checking.settings import settings

Check = Callable[[Run], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (environments, folders, settings, dumps, benches, seals, bases, templates, sizes, ranks, gated, outputs, space)


# those of single entries, which make sense where nothing can be planned yet
ALONE: tuple[Check, ...] = (settings, dumps, benches, bases)


def findings(run: Run, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """All that is found, each line once; what touches the run comes first."""
    read_large(run)
    found = dict.fromkeys(finding for check in checks for finding in check(run))
    return sorted(found, key=lambda finding: not finding.touches)
