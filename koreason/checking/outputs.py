"""What earlier runs left and this one goes by: whether it is still whole.

found = list(outputs(run))

Sizes only: `koreason verify` reads every byte.
"""

from collections.abc import Iterator
from pathlib import Path

from koreason.checking.finding import Finding, Run
from koreason.errors import UserError
from koreason.records.held import held
from koreason.records.manifest import MANIFEST


def outputs(run: Run) -> Iterator[Finding]:
    """Files that a manifest declares and that are missing, cut or replaced by links, of results that are not to be made anew."""
    for path in map(Path, run.finished):
        if path.name != MANIFEST or not path.is_file():
            continue
        touches = path.as_posix() in run.read
        again = (
            f"`koreason verify --repair {path.parent.as_posix()}`, then the same command makes it again, from its journal where it has one"
        )
        try:
            output = held(path)
            wrong = next(((name, what) for name in output.names if (what := output.misplaced(name))), None)
        except UserError as error:
            yield Finding(str(error), touches)
            continue
        if wrong:
            yield Finding.of(wrong[1], path.parent.absolute() / wrong[0], again, touches)
