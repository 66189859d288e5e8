"""Where things lie: this package, and the folder that it was planned from.

HOME / "envs" / "data.lock"                     # of the code that runs: a checkout, or what a run laid down of one
ORIGIN / "containers" / "images" / "data.sif"   # of the machine: images, environments and demo dumps are no part of the code
"""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
HOME = PACKAGE.parent
VARIABLE = "KOREASON_HOME"
ORIGIN = Path(os.environ.get(VARIABLE) or HOME)
LAUNCHER = HOME / "bin" / "koreason"


def environments() -> Path:
    """The folder in which `envs/create` puts the locked environments."""
    return Path(os.environ.get("KOREASON_ENVS") or ORIGIN / ".envs")
