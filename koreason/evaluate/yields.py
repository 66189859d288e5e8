"""What each category of prompts gained, per 1,000 rows and per GPU-hour, and the mix that would follow.

    koreason yields gemma-3-4b only_daily only_code only_exams --trained-by ablation --rows 50000

Reads the evaluations of an ablation by categories: of one model, trained on mixes that differ in their category. Each is compared with the
model before training (or with `--against MIX`) on the items of each benchmark, paired; a mix's gain is the mean over benchmarks. Prints
the gains with 95% intervals, p by Holm over all of them, what they come to per 1,000 rows and per GPU-hour of training, and quotas: of the
categories whose gain is more than chance, in proportion to their gain per 1,000 rows, none larger than what there is of it.
"""

import argparse
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from koreason.arguments import whole
from koreason.config.joined.experiments import BASE
from koreason.errors import UserError
from koreason.evaluate.compare import read_verdicts
from koreason.records import attempts
from koreason.records.held import held
from koreason.shown import printable
from koreason.statistics.gains import mean_gain, proposed, two_sided
from koreason.statistics.paired import Z975, Paired, holm, paired


@dataclass(frozen=True)
class Gain:
    """What training on a mix gained, shares of 1.

    Attributes:
        category: most of its rows are of.
        rows: of the mix.
        most: rows that there are of the category.
        hours: GPU-hours of its training; None where no cards were used, or nobody wrote it down.
        gain, error: mean over benchmarks, which are independent, and its standard error over items.
        p: of no gain, two-sided, by Holm over the mixes.
        benches: the comparison on each.
    """

    mix: str
    category: str
    rows: int
    most: int
    hours: float | None
    gain: float
    error: float
    p: float
    benches: dict[str, Paired]

    @property
    def per_1000_rows(self) -> float:
        """Gain for each 1,000 rows."""
        return 1000 * self.gain / self.rows

    @property
    def per_hour(self) -> float | None:
        """Gain for each GPU-hour."""
        return self.gain / self.hours if self.hours else None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument("model", help="entry of `models` that was trained on each mix")
    parser.add_argument("mixes", nargs="+", metavar="MIX", help="entries of `mixes`, a category each")
    parser.add_argument("--trained-by", required=True, metavar="SCHEDULE", help="entry of `schedules` of all of them")
    parser.add_argument("--against", default=BASE, metavar="MIX", help="what they are compared with: the model before training (base)")
    parser.add_argument("--bench", action="append", metavar="BENCH", help="only these benchmarks; else all that every one has answered")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="the run's results (results)")
    parser.add_argument("--profile", metavar="PROFILE", help="of the scores; else the first that each benchmark names")
    parser.add_argument("--rows", type=whole(1), default=100_000, help="of the mix that is proposed (100,000)")
    parser.add_argument("--seed", type=whole(0), default=1, help="of the bootstrap (1)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(arguments: argparse.Namespace) -> None:
    """Read, compare and print."""
    found = gains(arguments)
    quotas = proposed({one.category: (one.gain, one.p, one.rows, one.most) for one in found}, arguments.rows)
    if arguments.json:
        each = [vars(one) | {"benches": {bench: pair.told() for bench, pair in one.benches.items()}} for one in found]
        each = [one | {"error": one["error"] if math.isfinite(one["error"]) else None} for one in each]
        print(json.dumps({"gains": each, "quotas": quotas}, ensure_ascii=False))
        return
    print("\n".join(map(printable, [*table(found), *told(quotas)])))


def gains(arguments: argparse.Namespace) -> list[Gain]:
    """What each mix gained.

    Raises:
        UserError: one was not trained or scored, they share no benchmark or item, or two stand for the same category.
    """
    of_mix = {mix: _rows(arguments.results / "mixes" / mix) for mix in arguments.mixes}
    if twice := [mix for mix, count in Counter(arguments.mixes).items() if count > 1]:
        raise UserError("is named twice", f"mix {twice[0]}", "name each once: p values are adjusted for their number")
    for name, count in Counter(of_mix[mix][0] for mix in of_mix).items():
        if count > 1:
            both = ", ".join(mix for mix in of_mix if of_mix[mix][0] == name)
            raise UserError(f"most rows of each are of the category {name}", f"mixes {both}", "name one mix for each category")
    evals = arguments.results / "evals" / arguments.model
    schedule = {mix: BASE if mix == BASE else arguments.trained_by for mix in (arguments.against, *arguments.mixes)}
    benches = arguments.bench or shared(evals, schedule)
    compared: dict[str, dict[str, Paired]] = {}
    for mix in arguments.mixes:
        compared[mix] = {}
        for bench in benches:
            profile = arguments.profile or _first_profile(evals / mix / schedule[mix] / bench / "scores")
            one, other = (read_verdicts(evals / name / schedule[name] / bench / "scores", profile) for name in (arguments.against, mix))
            if not one.answers.keys() & other.answers.keys():
                raise UserError(f"{arguments.against} and {mix} have no item in common", f"{evals}: {bench}", "score both again")
            compared[mix][bench] = paired(one.answers, other.answers, arguments.seed, other.clusters)
    means = {mix: mean_gain(list(each.values())) for mix, each in compared.items()}
    adjusted = holm([two_sided(*mean) for mean in means.values()])
    return [
        Gain(mix, *of_mix[mix], _hours(arguments, mix), *means[mix], p, compared[mix])
        for mix, p in zip(arguments.mixes, adjusted, strict=True)
    ]


def shared(evals: Path, schedule: Mapping[str, str]) -> list[str]:
    """Benchmarks that every one has scores of."""
    found = [{path.parent.name for path in (evals / mix / name).glob("*/scores")} for mix, name in schedule.items()]
    both = sorted(set.intersection(*found))
    if not both:
        raise UserError(f"{', '.join(schedule)} share no benchmark that is scored", evals, "run their evaluations first, or name --against")
    return both


def table(found: Sequence[Gain]) -> list[str]:
    """The gains in words."""
    lines = [f"{'category':<16}{'rows':>9}{'gain':>8}   95% interval      {'p':>8}{'per 1,000 rows':>17}{'per GPU-hour':>15}"]
    for one in found:
        low, high = (100 * (one.gain + sign * Z975 * one.error) for sign in (-1, 1))
        hour = "–" if one.per_hour is None else f"{100 * one.per_hour:+.3f}"
        lines.append(
            f"{one.category:<16}{one.rows:>9,}{100 * one.gain:>+8.2f}   {low:+.2f} to {high:+.2f}".ljust(55)
            + f"{one.p:>8.2g}{100 * one.per_1000_rows:>+17.3f}{hour:>15}"
        )
        lines += [
            f"  {bench}: {100 * each.difference:+.2f} ({100 * each.low:+.2f} to {100 * each.high:+.2f}), p = {each.p:.2g}, {each.test};"
            f" {'nothing' if (least := each.told()['detectable']) is None else f'{100 * least:.2f}'} would have shown"
            for bench, each in one.benches.items()
        ]
    return [*lines, "Gains in percentage points, the mean over benchmarks; p by Holm over the categories."]


def told(quotas: Mapping[str, int]) -> list[str]:
    """The proposed mix as an entry's `quotas`."""
    if not quotas:
        return ["No category's gain is more than chance: no mix follows from these evaluations."]
    entry = yaml.safe_dump({"quotas": dict(quotas)}, default_flow_style=None, allow_unicode=True, sort_keys=False, width=math.inf)
    return ["By these gains:", entry.strip()]


def _first_profile(scores: Path) -> str:
    path = scores / "scores.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["profile"])
    except (OSError, ValueError, KeyError):
        raise UserError("has no scores", scores, "run the evaluation first") from None


def _rows(mix: Path) -> tuple[str, int, int]:
    """The category of most rows, how many rows the mix has, and how many there are of the category."""
    counts: dict[str, Any] = held(mix / "manifest.json").made["counts"]
    name = max(counts["categories"], key=lambda category: counts["categories"][category]["drawn"])
    return name, int(counts["kept"]), int(counts["categories"][name]["passed"])


def _hours(arguments: argparse.Namespace, mix: str) -> float | None:
    tries = attempts.of_output(arguments.results / "models" / arguments.model / mix / arguments.trained_by)
    hours = sum(attempts.cards(one) * attempts.seconds(one) for one in tries) / 3600
    return hours or None
