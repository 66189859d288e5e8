"""A finished run as a bag that is ready to be written: everything read, and the archive's own files made.

made = bag(run, outputs, Asked({"records", "code", "results"}), places)
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from koreason.archive.bag.tags import Bag
from koreason.archive.crate.build import METADATA, Story, build
from koreason.archive.entries import PARTS, RUN, Entry
from koreason.archive.gathered import digests, private
from koreason.archive.gathered.gather import gather
from koreason.archive.gathered.inputs import Given, inputs, moved
from koreason.archive.gathered.jobs import Job, ended, jobs, packages, tries
from koreason.archive.gathered.packages import Package, bill, licences, locked, wheels
from koreason.archive.told import about, citing
from koreason.archive.told.page import PAGE, page
from koreason.config.files.layers import read_yaml
from koreason.config.site import active_site
from koreason.errors import UserError
from koreason.home import HOME, ORIGIN, environments
from koreason.identity import laid
from koreason.images.record import FOLDER, Image, read_images
from koreason.ops.kept.outputs import RESULTS, Output
from koreason.repeats import stated
from koreason.system.git import bundle

NOBODY = ("Whoever ran it, who is not named", about.README)
CONFIG, SNAKEFILE = "config.json", "Snakefile"
KEPT = Path(".koreason/configs")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What an archive is asked to hold.

    Attributes:
        parts: keys of `entries.PARTS`.
        wheels: folder with the packages that the locks name.
        by: who ran it: a name and an address.
    """

    parts: set[str]
    wheels: Path | None = None
    redact: bool = False
    by: tuple[str, str] = NOBODY


@dataclass(frozen=True)
class Facts:
    """What is known of a run before its files are read."""

    run: Path
    jobs: list[Job]

    @cached_property
    def config(self) -> dict[str, Any]:
        """The configuration as the last run resolved it; empty where none is kept."""
        kept = sorted((self.run / KEPT).glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        return json.loads(kept[-1].read_text(encoding="utf-8")) if kept else {}

    @cached_property
    def given(self) -> list[Given]:
        """What it read from outside."""
        return inputs(self.config, self.run / RESULTS)

    @cached_property
    def package(self) -> Path:
        """The package that made the latest of its results, as it was laid down; this one where that is gone."""
        there = (self.run / laid.FOLDER / digest for digest in packages(self.jobs))
        return next((path for path in there if path.is_dir()), HOME)

    @cached_property
    def environments(self) -> dict[str, str]:
        """The environments that its jobs ran in, to their locks' texts."""
        names = sorted({job.environment[0] for job in self.jobs if job.environment[0]})
        found = {name: self.package / "envs" / f"{name}.lock" for name in names}
        return {name: path.read_text(encoding="utf-8") for name, path in found.items() if path.is_file()}

    @cached_property
    def images(self) -> dict[str, Image]:
        """The images that its jobs ran in."""
        used = {job.environment[1] for job in self.jobs}
        return {name: image for name, image in read_images(ORIGIN).items() if image.sha256 in used}

    @cached_property
    def not_held(self) -> list[str]:
        """Environments that a job ran in and of which neither image nor lock is there: rebuilt or removed since."""
        used = {job.environment for job in self.jobs if job.environment[1]}
        held = {image.sha256 for image in self.images.values()}
        held |= {sha256(path.read_bytes()).hexdigest() for path in (self.run / laid.FOLDER).glob("*/envs/*.lock")}
        held |= {sha256(text.encode()).hexdigest() for text in self.environments.values()}
        return sorted(f"{name}:{digest}" for name, digest in used if digest not in held)

    @cached_property
    def commit(self) -> str:
        """The commit of the latest job's package, with `+` where the tree differed."""
        return next(
            (str(job.run["commit"]) for job in sorted(self.jobs, key=lambda job: -job.run.get("ended", 0)) if job.run.get("commit")), ""
        )


def bag(run: Path, outputs: list[Output], asked: Asked, places: private.Places) -> Bag:
    """The bag of a run, with all digests.

    Raises:
        UserError: something is missing, is not what it has to be, or must not be passed on.
    """
    facts = Facts(run, list(jobs(run)))
    date = int(ended(facts.jobs))
    if facts.not_held:
        log.warning("of %s neither image nor lock is there any more: the archive says so", ", ".join(facts.not_held))
    found = [*gather(run, asked.parts, outputs), *_outside(facts, asked)]
    read = digests.read(found, places, asked.redact)
    own = _own(facts, read, date, asked, places)
    read = sorted([*read, *own], key=lambda entry: entry.path)
    crate = digests.made(METADATA, build(_story(facts, read, asked)), "records")
    read = sorted([*read, crate], key=lambda entry: entry.path)
    made = Bag(read, date, {"Bag-Software-Agent": f"koreason {_version()}", "Koreason-Archive-Format": str(about.FORMAT)})
    [text] = [entry.text for entry in read if entry.path == about.ABOUT]
    shown = page(json.loads(text or b"{}"), facts.jobs, made.identifier(), [], beside=False)
    return replace(made, own={PAGE: shown.encode()})


def _outside(facts: Facts, asked: Asked) -> Iterator[Entry]:
    """Files that do not lie in the run's folder."""
    if "inputs" in asked.parts:
        yield from (entry for given in facts.given for entry in given.entries())
    if "wheels" in asked.parts and facts.environments:
        if asked.wheels is None:
            do = "fill a folder with `pip download --no-deps --require-hashes -d wheels -r envs/data.lock`, or give --without-wheels"
            raise UserError("no folder with the packages that the locks name", "--wheels", do)
        yield from wheels(asked.wheels, facts.environments)
    if "images" in asked.parts:
        site = active_site()
        folder = ORIGIN / (site.containers.images if site and site.containers else FOLDER)
        for image in facts.images.values():
            yield Entry(f"images/{image.file}", "images", folder / image.file, sha256=image.sha256, fixed=True)
    if facts.package == HOME:  # nothing was laid down: what archives stands for what ran
        yield from (Entry(f"code/koreason/{name}", "code", HOME / name) for name in laid.files_of(HOME))
    if history := bundle(ORIGIN, facts.commit.rstrip("+")):
        yield Entry("code/history.bundle", "code", text=history)


def _own(facts: Facts, read: list[Entry], date: int, asked: Asked, places: private.Places) -> list[Entry]:
    """The archive's own files, but for the crate."""
    held = {entry.sha256 for entry in read if entry.part == "wheels"}
    locks = {name: locked(text) for name, text in facts.environments.items()}
    known = {name: text for lock in locks for name, text in licences(environments() / lock).items() if name in locks[lock]}
    made = {f"sbom/{name}.cdx.json": citing.text_of(bill(name, lock.values(), date, known, held)) for name, lock in locks.items()}
    for name, image in facts.images.items():
        made[f"sbom/{image.file}.cdx.json"] = citing.text_of(_of_image(bill(name, locks.get(name, {}).values(), date, known, held), image))
    cff = next((home / citing.CFF for home in (facts.package, HOME) if (home / citing.CFF).is_file()), None)
    if cff:
        made |= {citing.CFF: cff.read_text(encoding="utf-8"), citing.CODEMETA: citing.text_of(citing.codemeta(read_yaml(cff)))}
    if facts.config:
        text = json.dumps(moved(facts.config, facts.given), indent=1, ensure_ascii=False, sort_keys=True)
        made[CONFIG] = _clean(text + "\n", places, asked.redact)
    packages = {name: package for lock in locks.values() for name, package in lock.items()}
    made[about.ABOUT] = citing.text_of(_about(facts, read, asked, packages, known))
    facts_of = {"title": _title(facts), "version": _version(), "jobs": len(facts.jobs), "files": len(read) + len(made) + 2}
    made[about.README] = about.TEXT.format(**facts_of)
    return [digests.made(name, text) for name, text in made.items()]


def _of_image(found: dict[str, Any], image: Image) -> dict[str, Any]:
    component = {"type": "container", "bom-ref": f"image:{image.sha256}", "name": image.file}
    found["metadata"]["component"] = component | {"hashes": [{"alg": "SHA-256", "content": image.sha256}]}
    return found


def _clean(text: str, places: private.Places, redact: bool) -> str:
    text = private.without(text, places)
    text = private.redacted(text, private.EVERYTHING) if redact else text
    for finding in private.findings(text, private.EVERYTHING):
        raise UserError(f"holds a {finding.kind} ({finding.shown})", "the configuration", "write it as a $NAME, or give --redact")
    return text


def _about(facts: Facts, read: list[Entry], asked: Asked, packages: dict[str, Package], known: dict[str, str]) -> dict[str, Any]:
    commit = facts.commit.rstrip("+")
    bases = sorted({Path(job.folder).name for job in facts.jobs if job.stage == "base"})
    return {
        "format": about.FORMAT,
        "koreason": _version(),
        "title": _title(facts),
        "jobs": len(facts.jobs),
        "attempts": tries(facts.jobs),
        "ended": datetime.fromtimestamp(ended(facts.jobs), UTC).date().isoformat(),
        "package": facts.package.name if facts.package != HOME else laid.tree_digest(HOME),
        "commit": facts.commit,
        "swhid": f"swh:1:rev:{commit}" if commit else "",
        "parts": {part: {"files": count, "bytes": size} for part, (count, size) in about.sizes(read).items()},
        "without": sorted(set(PARTS) - asked.parts),
        "environments": {
            name: sorted({job.environment[1] for job in facts.jobs if job.environment[0] == name}) for name in facts.environments
        },
        "not_held": facts.not_held,
        "inputs": [{"table": one.table, "name": one.name, "files": one.files, "place": one.place, **one.facts} for one in facts.given],
        "classes": stated(),
        "licences": about.licences(facts.config, facts.given, bases, packages, known),
        "tiers": about.TIERS,
    }


def _story(facts: Facts, read: list[Entry], asked: Asked) -> Story:
    inside = f"{RUN}/{laid.FOLDER}/{facts.package.name}" if facts.package != HOME else "code/koreason"
    entries = {entry.path: entry for entry in read}
    held = {folder: what for folder, what in FOLDERS.items() if any(path.startswith(f"{folder}/") for path in entries)}
    held |= {f"{RUN}/{laid.FOLDER}": "the packages that ran, by their digests"} if facts.package != HOME else {}
    return Story(
        jobs=facts.jobs,
        entries=entries,
        workflow=f"{inside}/{SNAKEFILE}",
        version=_version(),
        title=_title(facts),
        date=ended(facts.jobs),
        by=asked.by,
        folders=held,
        config=CONFIG if CONFIG in entries else "",
        images=facts.images,
        snakemake=next((lock["snakemake"].version for lock in map(locked, facts.environments.values()) if "snakemake" in lock), ""),
        commit=facts.commit,
    )


FOLDERS = {
    "inputs": "dumps, finished traces and benchmarks as they came",
    "wheels": "the packages that the locks name",
    "images": "the container images that ran",
    "code": "the repository's history as a git bundle, or the package that archived",
    "sbom": "a CycloneDX bill of materials for each environment and image",
    f"{RUN}/logs": "what the jobs printed",
    f"{RUN}/benchmarks": "what Snakemake measured of the jobs",
}


def _title(facts: Facts) -> str:
    return str(facts.config.get("run", {}).get("report", {}).get("title") or "A run of koreason")


def _version() -> str:
    return str(read_yaml(HOME / citing.CFF)["version"]) if (HOME / citing.CFF).is_file() else "unknown"
