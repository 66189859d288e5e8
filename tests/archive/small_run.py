"""A small finished run, as stages would have left it: two sources, a pool, traces with their journal, a mix, scores; in a second."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from koreason.archive.command import main
from koreason.cli import parser_for
from koreason.identity import laid
from koreason.records import attempts
from koreason.records.stage import Stage
from tests.conftest import HOME

STARTED = 1_790_000_000.0
DUMP = '{"question": "세종대왕은 언제 한글을 만들었나요?"}\n'
CHAIN: list[tuple[str, str, list[str]]] = [
    ("sources/forum", "ingest", []),
    ("sources/quiz", "ingest", []),
    ("cleaned/small/forum", "clean", ["sources/forum"]),
    ("cleaned/small/quiz", "clean", ["sources/quiz"]),
    ("pools/small", "pool", ["cleaned/small/forum", "cleaned/small/quiz"]),
    ("traces/small/mixed/00000-of-00001", "trace", ["pools/small"]),
    ("mixes/mix", "select", ["traces/small/mixed/00000-of-00001", "pools/small"]),
    ("models/student/mix/short", "train", ["mixes/mix"]),
    ("reports/run", "report", ["mixes/mix", "models/student/mix/short"]),
]
NAMES = {"trace": "traces.parquet", "train": "model.safetensors", "report": "index.html"}


def build(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Make the run; returns its folder."""
    folder.mkdir(parents=True)
    lock = hashlib.sha256((HOME / "envs" / "data.lock").read_bytes()).hexdigest()
    dumps = folder.parent / "dumps"
    dumps.mkdir(exist_ok=True)
    (dumps / "forum.jsonl").write_text(DUMP, encoding="utf-8")
    with patch.context() as inside:
        inside.chdir(folder)
        inside.setenv("KOREASON_COMMIT", "")
        inside.setenv("KOREASON_ENVIRONMENT", f"data:{lock}")
        inside.setenv("KOREASON_PACKAGE", lay(folder))
        for number, (place, stage, inputs) in enumerate(CHAIN):
            inside.setenv("KOREASON_CODE", hashlib.sha256(stage.encode()).hexdigest()[:16])
            make(place, stage, inputs, number)
    config = folder / ".koreason" / "configs"
    config.mkdir(parents=True)
    (config / "c.json").write_text(json.dumps(configuration(dumps)), encoding="utf-8")
    return folder


def lay(folder: Path) -> str:
    """A package of a few files, laid down as a run lays down the whole."""
    home = folder.parent / "package"
    for name in ("Snakefile", "envs/data.lock", "bin/koreason", "koreason/commands.py", "config/config.yaml"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes((HOME / name).read_bytes())
    (home / "bin/koreason").chmod(0o755)
    digest = laid.tree_digest(home)
    laid.lay(home, folder, digest)
    return digest


def configuration(dumps: Path) -> dict[str, Any]:
    """What the run was planned with, as far as an archive reads it."""
    digest = hashlib.sha256(DUMP.encode()).hexdigest()
    source = {"format": "jsonl", "licence": "B", "category": "Daily", "root": str(dumps), "files": {"forum.jsonl": digest}}
    quiz = {"format": "datasets", "licence": "A", "category": "Exams", "hub": "somebody/quiz", "revision": "0" * 40}
    return {"run": {"report": {"title": "A small run"}}, "sources": {"forum": source, "quiz": quiz}, "bases": {}, "pools": {"small": {}}}


def make(place: str, stage: str, inputs: list[str], number: int) -> None:
    """One job: its output, its log, and its attempts, of which a trace's first was killed and its second saved."""
    out, name = Path("results") / place, NAMES.get(stage, "rows.parquet")
    spec = {"engine": {"dtype": "bfloat16"}} if stage == "trace" else {"model": {"dtype": "bfloat16"}} if stage == "train" else {"seed": 7}
    with Stage(out, stage, spec, [Path("results") / before / "manifest.json" for before in inputs]) as job:
        job.path(name).write_text(f"rows of {place}\0\n", encoding="utf-8")
        job.add(name, rows=3)
        if stage == "train":
            steps = [{"step": step, "loss": 2.0 / step, "tokens": 8, "loss_tokens": 4} for step in (1, 2)]
            job.path("metrics.jsonl").write_text("".join(json.dumps(step) + "\n" for step in steps))
            job.add("metrics.jsonl", rows=2)
        job.counts["kept"] = 3
    run = json.loads((out / "run.json").read_text())
    run |= {"started": STARTED + 60 * number, "ended": STARTED + 60 * number + 50, "seconds": 50.0, "host": "node7"}
    (out / "run.json").write_text(json.dumps(run, indent=1, sort_keys=True) + "\n")
    ends = [(None, "SIGKILL"), (75, None), (0, None)] if stage == "trace" else [(0, None)]
    lines = []
    for turn, (status, signal) in enumerate(ends):
        start = STARTED + 60 * number + 10 * turn
        facts = {
            "stage": stage,
            "code": run["code"],
            "host": "node7",
            "slurm": {"SLURM_JOB_ID": f"{400 + number}"},
            "outputs": 1,
            "gpus": "",
        }
        lines.append(facts | {"start": start, "end": start + 9.5, "exit": status, "signal": signal, "tokens": None})
    (out / attempts.FILE).write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))
    log = Path("logs") / stage / f"{stage}.{place.replace('/', '.')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"reading {Path.cwd()}/results\n")
    if stage == "trace":
        journal = out.parent / "journal" / out.name
        journal.mkdir(parents=True)
        (journal / "rows.jsonl").write_text('{"key": "1"}\n')
        (journal / ".lock").write_text("")


def archive(run: Path, out: Path | str, *options: str) -> int:
    """`koreason archive`, in this process; a mistake of the user's is raised."""
    wheels = [] if "--wheels" in options else ["--without-wheels"]
    return main(parser_for("archive").parse_args([str(run), "--out", str(out), *wheels, *options]))


def payload(bag: Path) -> dict[str, str]:
    """Paths below `data/` to their digests, as the bag's manifest has them."""
    lines = (bag / "manifest-sha256.txt").read_text(encoding="utf-8").splitlines()
    return {line[66:].removeprefix("data/"): line[:64] for line in lines}
