"""What cards tell of a run, read from its configuration and its manifests: filters with their counts, teachers, code, citation.

told(run, run.behind("results/mixes/demo")[0])["package"]      # of the latest of these jobs
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from koreason.archive.gathered.jobs import Job
from koreason.archive.told.citing import CFF
from koreason.config.files.layers import read_yaml
from koreason.home import HOME
from koreason.publish.run import Run
from koreason.report.reasons import PROMPTS, TRACES

PAPER = "https://arxiv.org/abs/2510.04230"
# What no filter sees. A run's own note stands beside it.
DATA_LIMITS = (
    "Answers are a teacher's, and nobody has read them all: thinking that reads well may end in a wrong answer.",
    "Questions are as people ask them: they hold mistakes, opinions and what was true when they were asked.",
    "Overlaps with benchmarks were looked for in those that the configuration names; others may stand in it.",
    "Filters are rules: what they drop and keep is counted, and not all of it is right.",
)
MODEL_LIMITS = (
    "It was examined on the benchmarks above and on nothing else; harmful requests were not among them.",
    "It thinks in two languages at once, and what it thinks need not be why it answers so.",
    "What its base was trained on is its makers' to say.",
)


def told(run: Run, behind: list[Job]) -> dict[str, Any]:
    """What is told of data sets and models alike."""
    latest = behind[-1]
    cff = read_yaml(HOME / CFF) if (HOME / CFF).is_file() else {}
    return {
        "koreason": str(cff.get("version", "unknown")),
        "day": datetime.fromtimestamp(float(latest.run.get("ended", 0)), UTC).date().isoformat(),
        "package": str(latest.run.get("package") or "not recorded"),
        "commit": str(latest.run.get("commit") or "not recorded"),
        "limits": [note] if (note := _note(run)) else [],
    }


def _note(run: Run) -> str:
    report = (run.config.get("run") or {}).get("report") or {}
    return " ".join(str(report.get("note") or "").split())


def missing(gone: list[str]) -> list[str]:
    """What the publisher should know of what it was made of and is not there, or has no record."""
    return [f"{folder} is not there: the card and its picture lack what it would tell" for folder in gone]


def origin(entry: dict[str, Any], table: str) -> str:
    """Where an entry comes from, without this machine's folders."""
    if entry.get("hub") and entry.get("revision"):
        return f"{entry['hub']} at {entry['revision']}"
    if entry.get("package"):
        return f"{entry.get('gguf')} of the Python package {entry['package']}"
    if entry.get("pool"):
        return f"made of the prompts of pool {entry['pool']}"
    if names := list(entry.get("files") or {}):
        return f"{names[0]}{f' and {len(names) - 1} more files' if len(names) > 1 else ''}, by SHA-256"
    return f"a folder, by the digests of its {'files' if table == 'bases' else 'rows'}"


def filters(behind: Iterable[Job]) -> Iterator[dict[str, Any]]:
    """Of each pool and mix what went in, what was kept, and what each filter took."""
    for job in behind:
        counts = (job.made or {}).get("counts", {})
        if job.stage not in ("pool", "select") or "input" not in counts:
            continue
        table = PROMPTS if job.stage == "pool" else TRACES
        dropped = sorted(counts.get("dropped", {}).items(), key=lambda item: (-item[1], item[0]))
        yield {
            "name": f"{'Pool' if job.stage == 'pool' else 'Mix'} {job.folder.rpartition('/')[2]}",
            "input": counts["input"],
            "kept": counts["kept"],
            "dropped": [
                {"name": name, "count": count, "means": table[name].sentence if name in table else "see the stage's page"}
                for name, count in dropped
            ],
        }


def teachers(run: Run, mix: str) -> dict[str, dict[str, Any]]:
    """Who wrote a mix's traces: entry's name to the entry."""
    return {name: run.table("bases", name) for name in run.teachers(mix)}


def cite(name: str, repo: str, kind: str, creator: str, day: str) -> str:
    """BibTeX of what is published, and of the method."""
    key = repo.replace("/", "_").replace("-", "_")
    address = f"https://huggingface.co/{'datasets/' if kind == 'dataset' else ''}{repo}"
    return (
        f"@misc{{{key},\n  title = {{{name}}},\n  author = {{{creator}}},\n  year = {{{day[:4]}}},\n"
        f"  howpublished = {{\\url{{{address}}}}}\n}}\n"
        "@article{son2025pushing,\n  title = {Pushing on Multilingual Reasoning Models with Language-Mixed Chain-of-Thought},\n"
        f"  author = {{Son, Guijin and others}},\n  year = {{2025}},\n  url = {{{PAPER}}}\n}}"
    )
