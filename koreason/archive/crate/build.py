"""A run as a Provenance Run Crate: the workflow, its steps and tools, and every attempt at every output.

    text = build(story)      # a Story: jobs, entries of the archive, and what else is known of the run

The profile: https://www.researchobject.org/workflow-run-crate/profiles/0.5/provenance_run_crate/
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from koreason.archive.crate import actions
from koreason.archive.crate.actions import OPERATOR, into, option_of, out_of, tool_id
from koreason.archive.crate.entities import CRATE, PROFILES, Graph, ref, uri, when
from koreason.archive.entries import Entry
from koreason.archive.gathered.jobs import Job
from koreason.commands import COMMANDS
from koreason.images.record import Image

METADATA = "ro-crate-metadata.json"
LANGUAGE, ENGINE, WORKFLOW_RUN = "#snakemake", "https://snakemake.github.io", "#workflow-run"
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
# Stages that are called otherwise than their command.
COMMAND_OF = {"score": "score-bench", "report": "page", "import_traces": "import-traces"}


@dataclass(frozen=True)
class Story:
    """What a crate tells.

    Attributes:
        entries: of the archive but for the crate itself, by path.
        workflow: path of the Snakefile among them.
        folders: further folders of the archive, with what each holds.
        config: path of the configuration as resolved; empty where it is not known.
        by: who ran it, as an organization is named.
        snakemake: its version.
    """

    jobs: list[Job]
    entries: dict[str, Entry]
    workflow: str
    version: str
    title: str
    date: float
    by: tuple[str, str]
    folders: dict[str, str] = field(default_factory=dict)
    config: str = ""
    images: dict[str, Image] = field(default_factory=dict)
    snakemake: str = ""
    commit: str = ""


def build(story: Story) -> str:
    """The text of `ro-crate-metadata.json`."""
    graph = Graph(story.date)
    made = {job.folder: job for job in story.jobs if job.made is not None}
    readers: dict[str, set[str]] = defaultdict(set)
    for job in story.jobs:
        for folder in job.inputs:
            readers[folder].add(job.stage)
    about = {"about": ref("./"), "conformsTo": [ref(CRATE), ref("https://w3id.org/workflowhub/workflow-ro-crate/1.0")]}
    graph.add(METADATA, "CreativeWork", **about)
    root = graph.add("./", "Dataset") and graph.entities["./"]
    mentions = [*_run(graph, story, made), *(ref(name) for job in story.jobs for name in actions.of_job(graph, job, made, story.images))]
    for job in story.jobs:
        actions.files_of(graph, job, story.entries, sorted(readers[job.folder]) if job.made else [])
    _workflow(graph, story, readers, made)
    root |= {
        "name": story.title,
        "description": "A finished run of koreason with all that a rerun needs; README.md says how it is read and run again.",
        "datePublished": when(story.date),
        "license": graph.add("#licences", "CreativeWork", name="Those of its parts", description="archive.json lists them, with tiers."),
        "author": graph.add(OPERATOR, "Organization", name=story.by[0], url=story.by[1]),
        "publisher": ref(OPERATOR),
        "conformsTo": [graph.add(name, "CreativeWork", name=title, version=name.rpartition("/")[2]) for name, title in PROFILES.items()],
        "mainEntity": ref(uri(story.workflow)),
        "hasPart": [ref(uri(story.workflow)), *(ref(actions.folder_id(job)) for job in story.jobs), *_others(graph, story)],
        "mentions": mentions,
        "identifier": story.commit or None,
    }
    return graph.text()


def _others(graph: Graph, story: Story) -> Iterable[dict[str, str]]:
    """Files at the top of the archive, and folders that are not told of file by file."""
    for path, entry in story.entries.items():
        if "/" not in path and path != story.workflow:
            more = {"about": ref("./")} if path == "README.md" else {}
            yield actions.file(graph, entry, **({"exampleOfWork": ref("#configuration")} if path == story.config else {}), **more)
    for folder, what in story.folders.items():
        yield graph.add(uri(f"{folder}/"), "Dataset", name=folder, description=what)


def _run(graph: Graph, story: Story, made: dict[str, Job]) -> list[dict[str, str]]:
    """The run as a whole, and Snakemake's work on it."""
    starts = [float(one["start"]) for job in story.jobs for one in job.attempts]
    read = {folder for job in story.jobs for folder in job.inputs}
    last = [job for folder, job in made.items() if folder not in read]
    times = {"startTime": when(min(starts, default=story.date)), "endTime": when(story.date)}
    graph.add(
        WORKFLOW_RUN,
        "CreateAction",
        name=f"The run: {story.title}",
        description=f"{len(story.jobs)} jobs, {sum(len(job.attempts) for job in story.jobs)} attempts",
        instrument=ref(uri(story.workflow)),
        agent=ref(OPERATOR),
        actionStatus=actions.DONE,
        object=[ref(uri(story.config))] if story.config else None,
        result=[ref(actions.folder_id(job)) for job in last],
        **times,
    )
    steps = [
        graph.add(
            f"#{job.folder}/step",
            "ControlAction",
            name=f"{job.stage} of {job.folder}",
            instrument=ref(f"#step-{job.stage}"),
            object=[ref(f"#{job.folder}/attempt-{number}") for number in range(1, len(job.attempts) + 1)],
        )
        for job in story.jobs
        if job.attempts
    ]
    graph.add(
        "#organize",
        "OrganizeAction",
        name="Snakemake's run of the workflow",
        instrument=graph.add(ENGINE, "SoftwareApplication", name="Snakemake", url=ENGINE, version=story.snakemake or "unknown"),
        agent=ref(OPERATOR),
        object=steps,
        result=ref(WORKFLOW_RUN),
        **times,
    )
    return [ref(WORKFLOW_RUN)]


def _workflow(graph: Graph, story: Story, readers: dict[str, set[str]], made: dict[str, Job]) -> None:
    """The workflow with its steps, tools, parameters, and which output of which step is read by which."""
    stages = list(dict.fromkeys(job.stage for job in story.jobs if job.attempts))
    tools: dict[str, dict[str, None]] = {stage: {} for stage in stages}
    for job in story.jobs:
        for attempt in job.attempts:
            tools[job.stage][str(attempt.get("code") or job.run.get("code") or "")] = None
    flows = sorted({(made[folder].stage, stage) for folder, those in readers.items() if folder in made for stage in those})
    final = {job.stage for folder, job in made.items() if not readers.get(folder)}
    outs = [_connection(graph, out_of(stage), "#result") for stage in stages if stage in final]
    steps = []
    for position, stage in enumerate(stages):
        takes = [into(stage)] if any(reader == stage for _, reader in flows) else []
        options = [option_of(stage)] if any("spec" in job.run for job in story.jobs if job.stage == stage and job.attempts) else []
        gives = [out_of(stage)] if any(job.stage == stage for job in made.values()) else []
        _parameters(graph, stage, takes, options, gives)
        used = [
            _tool(graph, story, stage, code, input=[ref(name) for name in takes + options], output=[ref(name) for name in gives])
            for code in tools[stage]
        ]
        connected = [_connection(graph, out_of(source), into(reader)) for source, reader in flows if reader == stage]
        facts = {"name": stage, "position": str(position), "workExample": used, "connection": connected}
        steps.append(graph.add(f"#step-{stage}", "HowToStep", **facts))
    if outs:
        _parameter(graph, "#result", "Dataset", "what no other step reads")
        for folder, job in made.items():
            if not readers.get(folder):
                graph.entities[actions.folder_id(job)]["exampleOfWork"].append(ref("#result"))
    given = [_parameter(graph, "#configuration", "File", "the configuration as resolved")] if story.config else []
    snakefile = story.entries[story.workflow]
    language = {"name": "Snakemake", "url": ENGINE, "version": story.snakemake or None}
    actions.file(graph, snakefile)
    graph.entities[uri(story.workflow)] |= {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": "koreason",
        "url": uri(story.workflow),
        "version": story.version,
        "encodingFormat": "text/plain",
        "conformsTo": graph.add(BIOSCHEMAS, "CreativeWork", name="ComputationalWorkflow profile", version="1.0-RELEASE"),
        "programmingLanguage": graph.add(LANGUAGE, "ComputerLanguage", **language),
        "hasPart": [ref(tool_id(stage, code)) for stage in stages for code in tools[stage]],
        "step": steps,
        "input": given,
        "output": [ref("#result")] if outs else None,
        "connection": outs,
    }


def _tool(graph: Graph, story: Story, stage: str, code: str, **facts: list[dict[str, str]]) -> dict[str, str]:
    command = COMMANDS.get(COMMAND_OF.get(stage, stage))
    module = command.module.replace(".", "/") + ".py" if command else "koreason"
    where = uri(f"{story.workflow.rpartition('/')[0]}/{module}".lstrip("/"))
    known = {"name": f"koreason {COMMAND_OF.get(stage, stage)}", "description": command.summary if command else None, "url": where}
    return graph.add(tool_id(stage, code), "SoftwareApplication", softwareVersion=code or story.version, **known, **facts)


def _parameters(graph: Graph, stage: str, takes: list[str], options: list[str], gives: list[str]) -> None:
    for name, kind, what in (
        (takes, "Dataset", "outputs read by"),
        (options, "PropertyValue", "options of"),
        (gives, "Dataset", "output of"),
    ):
        for one in name:
            _parameter(graph, one, kind, f"{what} {stage}")


def _parameter(graph: Graph, name: str, kind: str, what: str) -> dict[str, str]:
    return graph.add(name, "FormalParameter", name=what, additionalType=kind)


def _connection(graph: Graph, source: str, target: str) -> dict[str, str]:
    facts = {"sourceParameter": ref(source), "targetParameter": ref(target)}
    return graph.add(f"#connection{source.replace('#', '-')}{target.replace('#', '-to-')}", "ParameterConnection", **facts)
