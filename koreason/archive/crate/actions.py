"""Jobs of a run as actions: each attempt one, with what it read and made, its parameters, environment and end.

    of_job(graph, job, files)      # ids of its attempts' actions

A failed attempt has made nothing: it is an ActivateAction, with the reason in `error`.
"""

import json
from typing import Any

from koreason.archive.crate.entities import TERMS, Graph, format_of, ref, uri, when
from koreason.archive.entries import RUN, Entry
from koreason.archive.gathered.jobs import Job
from koreason.images.record import Image
from koreason.records.digests import canonical, digest
from koreason.records.manifest import RUN as RECORD
from koreason.records.whereabouts import job_of

DONE, FAILED = "http://schema.org/CompletedActionStatus", "http://schema.org/FailedActionStatus"
LONGEST = 1500  # characters of a parameter that stands in the crate itself
OPERATOR = "#operator"
# The profile wants an absolute address for a program's id. This one is a name and leads nowhere, which `.invalid` says.
PROGRAMS = "https://koreason.invalid/commands/"


def tool_id(stage: str, code: str) -> str:
    """The id of a stage's command in one state of its code."""
    return f"{PROGRAMS}{stage}/{code or 'unknown'}"


def out_of(stage: str) -> str:
    """The formal parameter that a stage's outputs are examples of."""
    return f"#output-of-{stage}"


def into(stage: str) -> str:
    """The formal parameter that what a stage reads is an example of."""
    return f"#input-of-{stage}"


def option_of(stage: str) -> str:
    """The formal parameter of a stage's options."""
    return f"#options-of-{stage}"


def folder_id(job: Job) -> str:
    """The id of a job's output."""
    return uri(f"{RUN}/{job.folder}/")


def of_job(graph: Graph, job: Job, made: dict[str, Job], images: dict[str, Image]) -> list[str]:
    """Add a job's attempts; returns the ids of their actions."""
    read = [ref(folder_id(made[folder])) for folder in job.inputs if folder in made]
    option = _options(graph, job)
    where = _environment(graph, job, images)
    ids = []
    for number, attempt in enumerate(job.attempts, 1):
        reason = why_failed(attempt)
        last = number == len(job.attempts)
        done = not reason and job.made is not None and last
        name = f"#{job.folder}/attempt-{number}"
        graph.add(
            name,
            "CreateAction" if done else "ActivateAction",
            name=f"{job.stage} of {job.folder}, attempt {number} of {len(job.attempts)}",
            description=_told(attempt),
            instrument=ref(tool_id(job.stage, str(attempt.get("code") or job.run.get("code") or ""))),
            agent=ref(OPERATOR),
            startTime=when(attempt["start"]),
            endTime=when(max(attempt["end"], attempt["start"])),
            actionStatus=FAILED if reason else DONE,
            error=reason or None,
            object=[*read, *option],
            result=[ref(folder_id(job))] if done else None,
            environment=[*where[0], *_slurm(graph, attempt)],
            containerImage=where[1],
        )
        ids.append(name)
    return ids


def why_failed(attempt: dict[str, Any]) -> str:
    """Why an attempt did not end well; empty where it did."""
    if attempt.get("lost"):
        return "lost: its node or everything of its job was killed at once; the end is its last sign of life"
    if attempt.get("signal"):
        return f"killed by {attempt['signal']}"
    status = attempt.get("exit", 0)
    said = {0: "", 2: " (something that the user can mend)", 75: " (told to end: it saved its work and went back to the queue)"}
    return f"exit status {status}{said.get(status, ' (a defect)')}" if status else ""


def _told(attempt: dict[str, Any]) -> str:
    facts = [f"on {attempt['host']}"] if attempt.get("host") else []
    facts += [f"cards {attempt['gpus']}"] if attempt.get("gpus") else []
    facts += [f"{attempt['tokens']} tokens"] if attempt.get("tokens") else []
    facts += [f"one of {attempt['outputs']} outputs of the same command"] if (attempt.get("outputs") or 1) > 1 else []
    return ", ".join(facts) or "nothing else was recorded"


def _options(graph: Graph, job: Job) -> list[dict[str, str]]:
    """The parameter that holds a job's options; the same for all jobs that were given the same."""
    if "spec" not in job.run:
        return []
    text = canonical(job.run["spec"])
    if len(text) > LONGEST:
        text = json.dumps({"sha256": digest(job.run["spec"]), "whole": f"{RUN}/{job.folder}/{RECORD}", "keys": sorted(job.run["spec"])})
    name = f"#options-{job.stage}-{digest(job.run['spec'])[:16]}"
    return [graph.add(name, "PropertyValue", name=f"options of {job.stage}", value=text, exampleOfWork=ref(option_of(job.stage)))]


def _environment(graph: Graph, job: Job, images: dict[str, Image]) -> tuple[list[dict[str, str]], dict[str, str] | None]:
    """The lock or image that a job ran in."""
    name, sha256 = job.environment
    if not sha256:
        return [], None
    if image := next((one for one in images.values() if one.sha256 == sha256), None):
        facts = {"additionalType": ref(f"{TERMS}SIFImage"), "registry": "none: built from containers/ of the package", "sha256": sha256}
        return [], graph.add(f"#image-{sha256}", "ContainerImage", name=image.file, tag=image.flavour, **facts)
    facts = {"name": "environment", "value": f"{name}, of the lock with SHA-256 {sha256}"}
    return [graph.add(f"#environment-{name}-{sha256[:16]}", "PropertyValue", **facts)], None


def _slurm(graph: Graph, attempt: dict[str, Any]) -> list[dict[str, str]]:
    """The Slurm job that an attempt was part of."""
    number = job_of({"slurm": attempt.get("slurm") or {}})
    return [graph.add(f"#slurm-{number}", "PropertyValue", name="Slurm job", value=number)] if number else []


def files_of(graph: Graph, job: Job, entries: dict[str, Entry], readers: list[str]) -> None:
    """Add a job's output as a folder with the files of it that are in the archive."""
    names = ["manifest.json", RECORD, "attempts.jsonl", *sorted((job.made or {}).get("files", {}))]
    parts = [file(graph, entry) for name in names if (entry := entries.get(f"{RUN}/{job.folder}/{name}"))]
    counts = canonical((job.made or {}).get("counts", {}))
    graph.add(
        folder_id(job),
        "Dataset",
        name=job.folder,
        description=f"output of {job.stage}; counts: {counts if len(counts) <= LONGEST else 'see manifest.json'}",
        hasPart=parts,
        exampleOfWork=[ref(out_of(job.stage)), *(ref(into(stage)) for stage in readers)],
    )


def file(graph: Graph, entry: Entry, **facts: Any) -> dict[str, str]:
    """Add a file of the archive."""
    name = entry.path.rpartition("/")[2]
    known = {"name": name, "encodingFormat": format_of(entry.path), "contentSize": str(entry.size), "sha256": entry.sha256}
    known["sdDatePublished"] = graph.day
    return graph.add(uri(entry.path), "File", **{**known, **facts})
