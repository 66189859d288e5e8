"""The configuration of a run: what is given lies over the catalogue; where nothing is given, the demo does.

    complete(workflow, HOME, config)

Not Snakemake's `configfile:`, which is passed over where another workflow takes this one as a module with a configuration. The demo, so
that a fresh clone has a plan, and linters and catalogues of workflows something to read.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

from koreason.config.files.layers import CATALOGUE, read_catalogue, read_yaml, settle
from koreason.config.files.places import relative
from koreason.config.site import VARIABLE

DEMO = Path("config/demo.yaml")
NAME = "KOREASON_RUN"  # tells the Snakemakes inside jobs what the run is called, where no file says it
KEPT = Path(".koreason/configs")  # in the run's folder: what it was planned with, for its jobs


def complete(workflow: Any, home: Path, config: dict[str, Any]) -> None:
    """Lay `config` over the catalogue, in place; and the demo over both if nothing is asked for: no file, no value, no cluster."""
    from snakemake.common.configfile import load_configfile
    from snakemake.utils import update_config

    catalogue, over = read_catalogue(home), dict[str, Any]()
    # a job is given the configuration of its plan, where a workflow around this one may have left the choice to this one
    asked = workflow.is_main_process and (workflow.config_settings.configfiles or workflow.config_settings.config)
    if not asked and VARIABLE not in os.environ and config in ({}, read_yaml(home / CATALOGUE)):
        over = load_configfile(str(home / DEMO))
        if workflow.is_main_process:
            print(f"koreason: no configuration is given: this is {DEMO}", file=sys.stderr, flush=True)
    update_config(catalogue, config)
    update_config(catalogue, over)
    # a job's was settled with the plan; what is like nothing is said by `check`, with all else
    settle(catalogue, _files(workflow, catalogue) if workflow.is_main_process else [], refuse=False)
    config.clear()
    config.update(catalogue)
    if workflow.is_main_process or NAME not in os.environ:
        files = workflow.config_settings.configfiles
        os.environ[NAME] = called(Path(files[-1]) if files else DEMO if over else None)
    if isinstance(config["run"], dict):  # else `check` says so
        config["run"].setdefault("name", os.environ[NAME])


def _files(workflow: Any, config: dict[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
    """The files that the run was given, which are read again where a path in them is relative."""
    if next(relative(config), None) is None:
        return []
    return [(Path(file).parent, read_yaml(Path(file))) for file in workflow.config_settings.configfiles]


def called(file: Path | None) -> str:
    """What a run is called whose configuration does not say it: after the file that was given last."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", file.stem if file else "").strip("-_")
    return plain[:64] or "run"
