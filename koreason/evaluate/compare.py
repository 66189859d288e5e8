"""Compare verdicts on the same items by paired tests.

    koreason compare base.jsonl trained.jsonl
    koreason compare base.jsonl one.jsonl two.jsonl --profile robust --seed 1

Files are what `koreason score --out` writes, or folders of `score-bench`. Each file is compared with the first, on the items that both
have: McNemar's exact test for single runs, differences clustered by item for repeats, or by what items share (their `cluster`), with an
interval by bootstrap, p values by Holm over all comparisons, and the smallest difference that so many items would have shown. A second
`--profile` is that of the other files, so that profiles of one file can be compared.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koreason.arguments import whole
from koreason.errors import UserError
from koreason.evaluate.intake import numbered
from koreason.shown import printable
from koreason.statistics.paired import Paired, holm, paired

Answers = dict[str, list[bool]]


@dataclass(frozen=True)
class Verdicts:
    """Whether each answer is right, by item, in the file's order; and what items share, by item."""

    answers: Answers
    clusters: dict[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument("first", type=Path, metavar="A", help="verdicts that the others are compared with")
    parser.add_argument("others", type=Path, nargs="+", metavar="B", help="verdicts on the same items")
    parser.add_argument("--profile", action="append", default=[], metavar="PROFILE", help="of files that have several; twice: of A, of B")
    parser.add_argument("--seed", type=whole(0), default=1, help="of the bootstrap (1)")
    parser.add_argument("--json", action="store_true", help="print JSON, one object a comparison")


def main(arguments: argparse.Namespace) -> None:
    """Read, compare and print."""
    if len(arguments.profile) > 2:
        raise UserError(f"{len(arguments.profile)} profiles", "--profile", "name one, or one of A and one of the others")
    one, another = (arguments.profile[0], arguments.profile[-1]) if arguments.profile else (None, None)
    first = read_verdicts(arguments.first, one)
    found = []
    for path in arguments.others:
        other = read_verdicts(path, another)
        if not first.answers.keys() & other.answers.keys():
            raise UserError(f"has no item of {arguments.first}", path, "compare verdicts on the same items, with the same ids")
        each = paired(first.answers, other.answers, arguments.seed, first.clusters | other.clusters)
        found.append((path, each, len(first.answers.keys() ^ other.answers.keys())))
    adjusted = holm([each.p for _, each, _ in found])
    for (path, each, unmatched), family in zip(found, adjusted, strict=True):
        if arguments.json:
            print(json.dumps({"file": str(path), **each.told(), "p_holm": family, "unmatched": unmatched}, ensure_ascii=False))
        else:
            print(printable("\n".join(told(arguments.first, path, each, family, unmatched, len(found)))))


def told(first: Path, path: Path, each: Paired, family: float, unmatched: int, comparisons: int) -> list[str]:
    """A comparison in words."""
    clusters = f" in {each.clusters:,} clusters" if each.clusters < each.items else ""
    lines = [
        f"{path} against {first}: {each.items:,} items{clusters}"
        + (f", {unmatched:,} more in one of the two only, left out" if unmatched else ""),
        f"  {each.first:.2%} -> {each.second:.2%}: {each.difference * 100:+.2f} points,"
        f" 95% interval {each.low * 100:+.2f} to {each.high * 100:+.2f}",
        f"  p = {each.p:.4g} ({each.test})" + (f", {family:.4g} by Holm over {comparisons} comparisons" if comparisons > 1 else ""),
    ]
    if each.only_first is not None:
        lines[2] += f"; only the first right {each.only_first:,}, only the second {each.only_second:,}"
    least = each.told()["detectable"]
    shown = "none that there can be" if least is None else f"{least * 100:.2f} points"
    return [*lines, f"  smallest difference that these items would have shown (80% power): {shown}"]


def read_verdicts(path: Path, profile: str | None) -> Verdicts:
    """The verdicts of a file, or of a folder of `score-bench`.

    Raises:
        UserError: there is no such file, it holds no verdicts, or several profiles' and none is named.
    """
    table = path / "readings.parquet" if path.is_dir() else path
    if not table.is_file():
        raise UserError("no such file", table, "give what `koreason score --out` wrote, or a folder of score-bench")
    rows = _parquet(table) if table.suffix == ".parquet" else _lines(table)
    if not rows:
        raise UserError("holds no verdicts", table, "give what `koreason score --out` wrote")
    profiles = list(dict.fromkeys(str(row["profile"]) for row in rows))
    wanted = profile or (profiles[0] if len(profiles) == 1 else None)
    if wanted not in profiles:
        raise UserError(f"has the profiles {', '.join(profiles)}", table, "name one of them with --profile")
    found, clusters = Answers(), dict[str, str]()
    for row in rows:
        if row["profile"] == wanted:
            found.setdefault(str(row["id"]), []).append(bool(row["correct"]))
            if row.get("cluster"):
                clusters[str(row["id"])] = str(row["cluster"])
    return Verdicts(found, clusters)


def _lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    for _, where, row in numbered(path):
        if not {"id", "profile", "correct"} <= row.keys() or not isinstance(row["id"], str | int) or not isinstance(row["correct"], bool):
            raise UserError("is no verdict", where, "give what `koreason score --out` wrote")
        rows.append(row)
    return rows


def _parquet(path: Path) -> list[dict[str, Any]]:
    from koreason.records.held import held
    from koreason.tables import READINGS, read_table

    frame = read_table(held(path.parent / "manifest.json"), path.name, READINGS).rename({"item_id": "id"})
    return frame.select("id", "profile", "correct", "cluster").to_dicts()
