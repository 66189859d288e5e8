"""Score anybody's answers, with no pipeline around them.

    koreason score answers.jsonl --out verdicts.jsonl
    koreason score answers.csv.gz --profile robust --profile paper_code --map gold=answer,response=solution

Files are JSON Lines (also compressed), CSV, Parquet, or sample logs of lm-evaluation-harness. A row has `gold` and `response`, and, if
it likes, `id`, `kind` (choice or math), `question`, `options` and `cluster` (what it shares with others, a passage or an exam); without
a kind it is told from options and gold. Prints accuracies with 95% intervals, clustered by id where ids repeat, and by `cluster`.
`--out` gets one JSON object a row and profile: id, profile, verdict, correct, extracted, rule, start and end (the characters that were
read). `koreason compare` tests two such files against each other.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from koreason.benches.kinds import KINDS
from koreason.errors import UserError
from koreason.evaluate.intake import FIELDS, Row, read_rows
from koreason.evaluate.profiles.readings import Reading
from koreason.evaluate.reading import read_answers
from koreason.evaluate.spec import PROFILE_NAMES
from koreason.records.digests import write_atomically
from koreason.shown import printable
from koreason.statistics import summary as stats


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="answers: .jsonl, .csv, Parquet, a harness's sample log")
    parser.add_argument("--profile", action="append", choices=PROFILE_NAMES, help="a way of reading them, more than once if you like")
    parser.add_argument("--kind", choices=tuple(KINDS), help="of rows that do not say it themselves")
    parser.add_argument("--map", default="", metavar="OURS=ITS,…", help="what the fields are called there: gold=answer,response=solution")
    parser.add_argument("--out", type=Path, metavar="VERDICTS.jsonl", help="one verdict a line, for each row and profile")


def main(arguments: argparse.Namespace) -> None:
    """Read, score, print, and write."""
    profiles = list(dict.fromkeys(arguments.profile or ["robust"]))
    names = mapped(arguments.map)
    if arguments.out and any(arguments.out.exists() and arguments.out.samefile(path) for path in arguments.files if path.exists()):
        raise UserError("is one of the files of answers, which would be lost", arguments.out, "name another file")
    rows = list(read_rows(arguments.files, names, arguments.kind))
    if not rows:
        raise UserError("no answers", ", ".join(map(str, arguments.files)), "give a file with rows")
    readings = read_answers(((row.asked, row.response, "stop") for row in rows), profiles)
    print("\n".join(table(rows, readings, profiles)))
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(arguments.out, "".join(line + "\n" for line in verdicts(rows, readings, profiles)))


def mapped(text: str) -> dict[str, str]:
    """`gold=answer,response=solution` as a table.

    Raises:
        UserError: it maps what is none of our fields.
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if wrong := [ours for ours, equals, its in pairs if ours.strip() not in FIELDS or not equals or not its.strip()]:
        raise UserError(f"maps {wrong[0]!r}", "--map", f"write FIELD=ITS_NAME, with FIELD one of {', '.join(FIELDS)}")
    return {ours.strip(): its.strip() for ours, _, its in pairs}


def verdicts(rows: list[Row], readings: list[list[Reading]], profiles: list[str]) -> list[str]:
    """The lines of VERDICTS.jsonl."""
    return [
        json.dumps(
            {
                "id": row.id,
                "profile": name,
                "verdict": reading.verdict,
                "correct": reading.verdict == "correct",
                "extracted": reading.extracted,
                "rule": reading.rule,
                "start": reading.start,
                "end": reading.end,
            }
            | ({} if row.cluster is None else {"cluster": row.cluster}),
            ensure_ascii=False,
        )
        for row, each in zip(rows, readings, strict=True)
        for name, reading in zip(profiles, each, strict=True)
    ]


def table(rows: list[Row], readings: list[list[Reading]], profiles: list[str]) -> list[str]:
    """What is printed: of each profile how many answers are right, with an interval, and what became of the others."""
    clusters = {row.id: row.cluster for row in rows if row.cluster is not None}
    lines = [f"{'profile':<12}{'answers':>9}{'correct':>9}{'accuracy':>10}   95% interval"]
    for place, name in enumerate(profiles):
        correct: dict[str, list[bool]] = {}
        for row, each in zip(rows, readings, strict=True):
            correct.setdefault(row.id, []).append(each[place].verdict == "correct")
        right, share = sum(map(sum, correct.values())), sum(map(sum, correct.values())) / len(rows)
        low, high = stats.wilson(share, stats.effective_size(correct, clusters))
        lines.append(f"{name:<12}{len(rows):>9,}{right:>9,}{share:>10.2%}   {low:.2%} to {high:.2%}")
    for place, name in enumerate(profiles):
        counted = Counter(str(each[place].verdict) for each in readings)
        lines.append(printable(f"{name}: " + ", ".join(f"{verdict} {count:,}" for verdict, count in counted.most_common())))
    kinds = Counter(row.asked.kind for row in rows)
    return [*lines, "kinds: " + ", ".join(f"{kind} {count:,}" for kind, count in kinds.most_common())]
