"""What a report stands on: code, environments, how far each stage's outputs are the same when they are made again; and how it is cited.

provenance(facts)["stages"]["select"]["repeats"]      # ["bytes"]
"""

from collections import Counter
from typing import Any

from koreason.config.files.layers import read_yaml
from koreason.home import HOME
from koreason.records.adopted import code_of
from koreason.records.repeating import CLASSES
from koreason.repeats import class_of_output
from koreason.report.facts import Facts

MOST_AUTHORS = 3  # whose names are all written out
CFF = "CITATION.cff"


def provenance(facts: Facts) -> dict[str, Any]:
    """What made the results: commits, per stage the digests of its code and environment, and what was adopted."""
    stages: dict[str, dict[str, set[str]]] = {}
    for job in facts.jobs:
        found = stages.setdefault(job.stage, {"environment": set(), "code": set(), "repeats": set()})
        for key in ("environment", "code"):
            found[key].add(str(job.run.get(key) or "not recorded"))
        made = job.run.get("made")
        files = made.get("files", {}) if isinstance(made, dict) else {}
        if files:
            found["repeats"].add(class_of_output(job.stage, files, job.run.get("spec")))
    return {
        "classes": {kind: words for kind, words in CLASSES.items() if any(kind in found["repeats"] for found in stages.values())},
        "commits": sorted({str(job.run["commit"]) for job in facts.jobs if job.run.get("commit")}),
        "adopted": adopted(facts),
        "stages": {stage: {key: sorted(values) for key, values in found.items()} for stage, found in stages.items()},
    }


def cited() -> dict[str, Any] | None:
    """How koreason and the paper are cited, as the package's CITATION.cff says it; None where there is none."""
    if not (HOME / CFF).is_file():
        return None
    cff = read_yaml(HOME / CFF)
    works = [f"{authors(cff)}: {cff['title']}, version {cff['version']}. {address(cff)}"]
    works += [f"{authors(work)} ({work['year']}): {work['title']}. {address(work)}" for work in cff.get("references", [])]
    return {"message": cff["message"], "works": [work.rstrip() for work in works]}


def authors(work: dict[str, Any]) -> str:
    """Names of a work's authors, the first of many."""
    names = [str(one.get("name") or f"{one['given-names']} {one['family-names']}") for one in work["authors"]]
    return ", ".join(names) if len(names) <= MOST_AUTHORS else f"{names[0]} and {len(names) - 1} others"


def address(work: dict[str, Any]) -> str:
    """Where a work is found for good."""
    return f"https://doi.org/{work['doi']}" if work.get("doi") else str(work.get("url", ""))


def adopted(facts: Facts) -> list[dict[str, Any]]:
    """Results that `koreason adopt` took for those of other code: `stage`, `results`, the code that `ran` and what it was `taken_for`."""
    counts = Counter((job.stage, str(job.run.get("code")), str(code_of(job.run))) for job in facts.jobs if job.run.get("adopted"))
    return [{"stage": stage, "ran": ran, "taken_for": now, "results": number} for (stage, ran, now), number in sorted(counts.items())]
