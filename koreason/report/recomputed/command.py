"""Recompute the tables that a configuration holds as published, on a page that needs no run.

    koreason recompute --out paper.html config/paper.yaml

Says of each conclusion which of its differences the items behind them carry; the tables stand in `run.report.recomputed`, and in the
`published` of the benchmarks that the configuration's experiments name. The report of a run shows the same as a section.
"""

import argparse
from pathlib import Path
from typing import Any

from koreason.config.checks.check import check
from koreason.config.files.layers import layered
from koreason.config.joined.experiments import cells
from koreason.errors import UserError
from koreason.records.digests import write_atomically


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="configuration files, laid over the catalogue in their order")
    parser.add_argument("--out", required=True, type=Path, metavar="PAGE.html", help="the page that is written")


def main(arguments: argparse.Namespace) -> None:
    """Read the configuration and write the page."""
    config = layered(arguments.files)
    check(config)
    page = render(config)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(arguments.out, page)


def render(config: dict[str, Any]) -> str:
    """The page of a configuration.

    Raises:
        UserError: it holds no published table.
    """
    from koreason.report.recomputed.tables import recomputed
    from koreason.report.rendering import environment, style

    named = dict.fromkeys(bench for *_, bench in cells(config))
    tables = recomputed(config["run"]["report"].get("recomputed", ()), {name: config["benches"][name] for name in named})
    if not tables:
        raise UserError("holds no published table", "run.report.recomputed", "give one, or benchmarks with `published`")
    return environment().get_template("recomputed_page.html").render(recomputed=tables, style=style(), title="Published tables, recomputed")
