"""A trained model for others: what every reader takes, and a card with its data, training, scores and the duties of its licences.

    write(run, "smollm2/demo_mix/short", Asked(repo="lab/model-ko"), Path("published/model-ko"))

Weights are hard links where the file system allows. What licences of base, teacher and data do not allow together is refused.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl

from koreason.archive.gathered.jobs import Job
from koreason.archive.told.provenance import draw, stages_of
from koreason.errors import UserError
from koreason.pretrained.files import SUFFIX, parts_of
from koreason.pretrained.understood import findings, refuse
from koreason.publish import cards, licences, tiers, told
from koreason.publish.data import Asked
from koreason.publish.run import MIXES, Run
from koreason.records import attempts
from koreason.records.digests import sha256_file
from koreason.report.charts.figures import curve
from koreason.report.metrics import read_metrics
from koreason.tables import MIX, read_table

MODELS, BASE = "results/models", "base"
METRICS = "metrics.jsonl"
SHOWN = (
    "epochs",
    "max_steps",
    "sequence_length",
    "packing",
    "global_batch",
    "lr",
    "min_lr",
    "warmup_share",
    "decay",
    "weight_decay",
    "seed",
)


def chosen(run: Run, name: str) -> str:
    """The output that a model's name means: MODEL, where it was trained once, or MODEL/MIX/SCHEDULE.

    Raises:
        UserError: there is none, or several.
    """
    trained = [folder.removeprefix(f"{MODELS}/") for folder in run.made if folder.startswith(f"{MODELS}/")]
    found = [one for one in trained if name in (one, one.partition("/")[0])]
    if len(found) != 1:
        there = ", ".join(found or trained) or "none"
        raise UserError(f"{'means several models' if found else 'is no trained model'}: there {'are' if found else 'is'} {there}", name,
                        "name one as MODEL/MIX/SCHEDULE")  # fmt: skip
    return found[0]


def write(run: Run, name: str, asked: Asked, out: Path) -> list[str]:
    """Write the model into the folder `out`, which is empty; returns what its publisher should know.

    Raises:
        UserError: licences do not allow it, or something of it is not there or not as it was.
    """
    which = chosen(run, name)
    model, mix, schedule = which.split("/")
    folder = f"{MODELS}/{which}"
    base = run.table("bases", run.table("models", model)["base"])
    rows = tiers.with_tiers(read_table(run.held(f"{MIXES}/{mix}"), "mix.parquet", MIX), run.config)
    if forbidden := [one for one in tiers.withheld(rows) if one[1] == "C"]:
        raise UserError(
            f"was trained on {forbidden[0][2]:,} rows of {forbidden[0][0]} (C: {tiers.FORBIDS['C']})", which, "train without them"
        )
    base_is = {f"the base {run.table('models', model)['base']}": str(base.get("licence") or "")}
    licence = asked.licence or next(licences.terms_of(who, one).hub for who, one in base_is.items())
    teachers = told.teachers(run, mix)
    writers = {f"the teacher {one}": str(entry.get("licence") or "") for one, entry in teachers.items()}
    duties = licences.of_model(asked.name, licence, base_is, writers)
    files = _files(run, folder, out)
    behind, gone = run.behind(folder)
    job = run.made[folder]
    facts = told.told(run, behind) | {"name": asked.name, "repo": asked.repo, "licence": licence, "duties": duties, "files": files}
    facts |= {"manifest": sha256_file(run.folder / folder / "manifest.json"), "data": _data(run, mix, base["tokenizer"], rows)}
    facts |= {"base": base | {"origin": told.origin(base, "bases")}, "scores": scores(run, which)}
    facts |= {"teachers": list(teachers) or ["others: its traces came finished"], "training": _training(job)}
    facts["schedule"] = {key: value for key, value in run.table("schedules", schedule).items() if key in SHOWN and value is not None}
    facts["limits"] = [*facts["limits"], *told.MODEL_LIMITS]
    facts["description"] = (
        f"{told.origin(base, 'bases')}, trained on {rows.height:,} questions in {', '.join(run.languages(mix))} with a teacher's thinking"
        " in two languages: it thinks aloud and answers."
    )
    facts["cite"] = told.cite(asked.name, asked.repo, "model", asked.creator, facts["day"])
    _beside(run, folder, out, facts, behind)
    notices = {licences.terms_of(who, one).notice for who, one in {**base_is, **writers}.items()} - {""}
    if notices:
        (out / "NOTICE").write_text("\n".join(sorted(notices)) + "\n", encoding="utf-8")
    head = _head(facts, asked, base, run.languages(mix))
    (out / "README.md").write_text(cards.card("model.md", head, facts), encoding="utf-8")
    return [*told.missing(gone), *(f"duty: {duty}" for duty in duties)]


def _files(run: Run, folder: str, out: Path) -> list[tuple[str, str]]:
    """Put what belongs to the model in place, each file as its manifest says it; returns their digests."""
    made = run.held(folder)
    names = [path.name for path in parts_of(made.folder) if path.name in made.names]
    if not any(name.endswith(SUFFIX) for name in names):
        raise UserError("holds no weights", made.folder, "publish from the run itself, or archive it with its results")
    for path in made.paths(names):
        try:
            if path.suffix != SUFFIX:  # what people edit before they publish it is theirs, and not the run's
                raise OSError
            os.link(path.resolve(), out / path.name)
        except OSError:
            shutil.copyfile(path, out / path.name)
    refuse(findings(out, True), out)  # as transformers and vLLM read it
    return [(name, made.fact(name, "sha256")) for name in names]


def _data(run: Run, mix: str, tokenizer: str, rows: pl.DataFrame) -> dict[str, Any]:
    made, packed = run.held(f"{MIXES}/{mix}"), run.made.get(f"results/packed/{mix}/{tokenizer}")
    counts = ((packed.made if packed else None) or {}).get("counts", {})
    manifest = run.folder / f"results/packed/{mix}/{tokenizer}/manifest.json"
    grouped = rows.group_by("source", "tier").len().sort("len", "source", descending=[True, False])
    return {
        "mix": mix,
        "rows": rows.height,
        "tokens": counts.get("tokens", 0),
        "learnt": counts.get("loss_tokens", 0),
        "manifest": sha256_file(made.manifest),
        "table": made.fact("mix.parquet", "sha256"),
        "packed": sha256_file(manifest) if manifest.is_file() else "not in this run",
        "sources": list(grouped.iter_rows()),
    }


def _training(job: Job) -> dict[str, Any]:
    """What training took: hours of each GPU, or of the machine where it had none."""
    cards_of = max((attempts.cards(one) for one in job.attempts), default=0)
    seconds = sum(attempts.seconds(one) * (attempts.cards(one) or (0 if cards_of else 1)) for one in job.attempts)
    counts = (job.made or {}).get("counts", {})
    machine = "a GPU" if cards_of else "a machine without GPUs"
    return {"steps": counts.get("steps", 0), "hours": f"{seconds / 3600:.2f}", "attempts": len(job.attempts) or 1, "machine": machine}


def scores(run: Run, which: str) -> list[dict[str, Any]]:
    """What the model scored, a benchmark each, beside its base."""
    found = []
    model = which.partition("/")[0]
    for folder in sorted(run.made):
        parts = folder.split("/")
        if len(parts) != 7 or parts[-1] != "scores" or "/".join(parts[2:5]) != which:
            continue
        bench, score = parts[5], _score(run, folder)
        before = f"results/evals/{model}/{BASE}/{BASE}/{bench}/scores"
        base = _score(run, before) if before in run.made else None
        entry = run.table("benches", bench)
        asked = entry.get("sampling", {})
        found.append(
            {
                "bench": bench,
                "accuracy": f"{100 * score['accuracy']['mean']:.2f}",
                "interval": " to ".join(f"{100 * end:.2f}" for end in score["accuracy"]["interval_95"]),
                "base": f"{100 * base['accuracy']['mean']:.2f}" if base else "not scored",
                "answered": score["items"],
                "repeats": score["repeats"],
                "profile": score["profile"],
                "asked": ", ".join(f"{key} {asked[key]}" for key in ("temperature", "top_p", "max_tokens") if asked.get(key) is not None),
                "all": score["accuracy"],
                "entry": entry,
            }
        )
    return found


def _score(run: Run, folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run.held(folder).path("scores.json").read_text(encoding="utf-8"))
    return found


def _beside(run: Run, folder: str, out: Path, facts: dict[str, Any], behind: list[Job]) -> None:
    """Every step of training, the curve, and the picture of what it was made by."""
    metrics = run.held(folder).path(METRICS)
    (out / "training").mkdir()
    shutil.copyfile(metrics, out / "training" / METRICS)
    drawn = curve("loss", f"Training of {facts['name']}", "Loss and learning rate", read_metrics(metrics))
    (out / "training" / "loss.svg").write_text(drawn.standalone(), encoding="utf-8")
    (out / "provenance.svg").write_text(draw(stages_of(behind)).standalone(), encoding="utf-8")


def _head(facts: dict[str, Any], asked: Asked, base: dict[str, Any], languages: list[str]) -> dict[str, Any]:
    """The facts that the hub reads, scores in its own form (`model-index`)."""
    results = [
        {
            "task": {"type": "text-generation", "name": "Text generation"},
            "dataset": {
                "name": score["bench"],
                "type": score["entry"].get("hub") or score["bench"],
                "config": score["entry"].get("name"),
                "split": score["entry"].get("split") or "test",
                "revision": score["entry"].get("revision"),
            },
            "metrics": [
                {
                    "type": "accuracy",
                    "name": f"accuracy, read by {score['profile']}",
                    "value": score["all"]["mean"],
                    "args": {
                        "interval_95": score["all"]["interval_95"],
                        "se_over_items": score["all"]["se_over_items"],
                        "items": score["answered"],
                        "repeats": score["repeats"],
                    },
                }
            ],
            "source": {"name": f"koreason {facts['koreason']}", "url": f"https://huggingface.co/{asked.repo}"},
        }
        for score in facts["scores"]
    ]
    known = facts["licence"] in licences.BY_HUB
    return {
        "license": facts["licence"] if known else "other",
        "license_name": None if known else facts["licence"],
        "license_link": None if known else "README.md",
        "base_model": base.get("hub") or None,
        "base_model_relation": "finetune" if base.get("hub") else None,
        "language": [*languages, "en"],
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["reasoning", "chain-of-thought", "language-mixed", "koreason"],
        "model-index": [{"name": asked.name, "results": _bare(results)}] if results else None,
    }


def _bare(value: Any) -> Any:
    """A value without keys that say nothing."""
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if item is not None}
    return [_bare(item) for item in value] if isinstance(value, list) else value
