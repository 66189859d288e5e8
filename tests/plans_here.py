"""Plans of a copied workflow in this process, where the workflow's modules are read once and a plan takes a fifth of a second.

with standing_in(folder):
    plan(folder, config, "mixes")
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from workflow_copy import HOME

from koreason.identity import environment
from koreason.workflow.dryrun import planned


@contextmanager
def standing_in(folder: Path) -> Iterator[Path]:
    """Make a folder the current one; what a plan says to its jobs by variables is taken back afterwards."""
    folder.mkdir()
    bare = folder.parent / "bare"
    bare.mkdir()
    (bare / "envs").symlink_to(HOME / "envs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # the locks alone say what the environments are: the copy has no images, whether they were built here or not
        patch.setattr(environment, "HOME", bare)
        environment.environment_digest.cache_clear()
        for name in ("KOREASON_HOME", "KOREASON_ENVS"):  # a plan sets them
            patch.setenv(name, os.environ.get(name, ""))
        yield folder
    environment.environment_digest.cache_clear()


def written(folder: Path, config: dict[str, Any]) -> Path:
    """The configuration as JSON, which is read several times as fast as YAML, and half of a plan is reading."""
    path = folder / "selection.json"  # by whose name the report is called
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def plan(folder: Path, config: dict[str, Any], *targets: str) -> dict[str, str]:
    """Outputs that would be made, with their rules; the package is the one from here, of which the folder is a copy."""
    with planned(HOME / "Snakefile", [written(folder, config)], list(targets)) as made:
        return {str(job.output[0]): job.rule.name for job in made.dag.needrun_jobs() if job.output}
