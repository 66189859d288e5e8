"""Bases: what of them is at hand and not understood, and numbers of the configuration that do not fit their sizes.

found = list(bases(run))
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from koreason.bases.spec import Base
from koreason.checking.finding import Finding, Run, kept
from koreason.config.joined.experiments import trained_bases
from koreason.config.load import load
from koreason.config.pinned import pinned
from koreason.config.variables import expand
from koreason.errors import UserError
from koreason.home import environments
from koreason.ops.planning.bases import folder_of
from koreason.ops.planning.templates import unfit
from koreason.pretrained.configuration import Configuration, read_configuration
from koreason.pretrained.files import CONFIG
from koreason.pretrained.finding import read_object
from koreason.pretrained.layout import check_layout, has_template, places, refuse_links
from koreason.records.held import known_digest

STRETCHING = ("linear", "dynamic", "yarn")  # scalings that are not counted among `max_position_embeddings`


def bases(run: Run) -> Iterator[Finding]:
    """What is wrong with the models that the run comes to."""
    found: list[Finding] = []
    trained = trained_bases(run.config)
    for name, entry in run.entries("bases"):
        where, due = f"bases.{name}", run.due("base", base=name)
        with kept(found, where, due):  # where it comes from matters until it is there
            base = load(Base, {key: value for key, value in entry.items() if key in Base.__dataclass_fields__})
            place = places(base, name)
            if place == "hub":
                pinned(str(base.hub), base.revision)
            elif place == "package":
                _packaged(base)
            elif expand(base.path or "").resolve() == (run.results / "bases" / name).resolve():
                raise UserError(
                    "is where this entry's own files go", expand(base.path or "").absolute(), "move the model to another folder"
                )
            elif not expand(base.path or "").is_dir():
                raise UserError("no such folder", base.path, f"correct `path` of {where}")
            else:
                refuse_links(expand(base.path or ""))
        folder = _folder(run, name)
        if folder:
            with kept(found, where, due or run.due("train", "trace", "generate", "pack")):
                check_layout(folder, name in trained)
    yield from found


def _packaged(base: Base) -> None:
    """Hold the file of a package against its digest, where the environment that it belongs to is there."""
    site = sorted((environments() / "vllm" / "lib").glob("python3*/site-packages"))
    if not site:
        return  # that the environment is missing is another finding
    path = site[-1] / str(base.package) / str(base.gguf)
    if not path.is_file():
        raise UserError("no such file of an installed package", path, "run envs/create vllm, or correct the entry")
    if (actual := known_digest(path)) != base.sha256:
        raise UserError(f"its SHA-256 is {actual}, the catalogue says {base.sha256}", path, "install the version that the lock file names")


def _folder(run: Run, name: str) -> Path | None:
    made = [job.wildcards["base"] for job in run.jobs if job.rule == "base"]
    return folder_of(name, run.config["bases"][name], run.results, made)


def templates(run: Run) -> Iterator[Finding]:
    """Chat templates, of models at hand, that do not serve: there is none, or it shows no system prompt where a recipe gives one."""
    made = [job.wildcards["base"] for job in run.jobs if job.rule == "base"]
    for what, where, do in unfit(run.config, run.results, made):
        yield Finding.of(what, where, do, run.due("trace"))
    wanted = {run.config["recipes"][name]["teacher"] for name in run.reached.get("recipes", [])}
    wanted |= {run.config["models"][name]["base"] for name in run.reached.get("models", [])}
    for name in sorted(wanted):
        other = run.config["bases"][name]["tokenizer"]
        folders = [folder for folder in (_folder(run, name), _folder(run, other)) if folder]
        if len(folders) == len({name, other}) + (name == other) and not any(map(has_template, folders)):
            do = "choose an instruction-tuned model, or name one as `tokenizer`"
            yield Finding.of("its tokenizer has no chat template", f"bases.{name}: {folders[0].absolute()}", do, bool(run.jobs))


def sizes(run: Run) -> Iterator[Finding]:
    """Numbers that do not fit a model at hand: positions, and what devices are to share."""
    for name, recipe in run.entries("recipes"):
        touches = run.due("trace", recipe=name)
        yield from _engine(run, f"recipes.{name}.engine", recipe["teacher"], recipe["engine"], touches)
    answering = {run.config["models"][name]["base"] for name in run.reached.get("models", [])}
    for name, bench in run.entries("benches"):
        for base in sorted(answering):
            yield from _engine(run, f"benches.{name}.engine", base, bench["engine"], run.due("generate", bench=name))
    for name, model in run.entries("models"):
        yield from _training(run, name, model)


def _engine(run: Run, where: str, base: str, engine: dict[str, Any], touches: bool) -> Iterator[Finding]:
    facts = _facts(run, base)
    most = _positions(facts)
    if most is not None and engine["max_model_len"] > most:
        what = f"is {engine['max_model_len']}, and {base} has {most} positions"
        yield Finding.of(what, f"{where}.max_model_len", f"accepted: at most {most}", touches)
    heads = facts.get("num_attention_heads")
    if isinstance(heads, int) and heads % engine["tensor_parallel"]:
        what = f"{engine['tensor_parallel']} does not divide the {heads} attention heads of {base}"
        yield Finding.of(what, f"{where}.tensor_parallel", "accepted: a divisor of them", touches)


def _training(run: Run, name: str, model: dict[str, Any]) -> Iterator[Finding]:
    facts, shape = _facts(run, model["base"]), _shape(run, model["base"])
    touches = run.due("train", model=name)
    most = _positions(facts)
    for schedule, entry in run.entries("schedules"):
        if most is not None and entry["sequence_length"] > most:
            what = f"is {entry['sequence_length']}, and {model['base']}, of which {name} is made, has {most} positions"
            yield Finding.of(what, f"schedules.{schedule}.sequence_length", f"accepted: at most {most}", touches)
    if shape and shape.mlp_width % model["tensor_parallel"]:
        what = f"{model['tensor_parallel']} does not divide intermediate_size {shape.mlp_width} of {model['base']}"
        yield Finding.of(what, f"models.{name}.tensor_parallel", "accepted: a divisor of it", touches)


def _positions(facts: dict[str, Any]) -> int | None:
    """How many positions a model has, stretched ones included; None where it does not say."""
    most, rope = facts.get("max_position_embeddings"), facts.get("rope_scaling") or facts.get("rope_parameters") or {}
    stretched = isinstance(rope, dict) and rope.get("rope_type", rope.get("type")) in STRETCHING
    factor = rope.get("factor", 1) if stretched else 1
    return int(most * factor) if isinstance(most, int) and isinstance(factor, int | float) else None


def _facts(run: Run, name: str) -> dict[str, Any]:
    folder = _folder(run, name)
    facts = read_object(folder / CONFIG)[0] if folder else {}
    return facts.get("text_config", facts) if isinstance(facts.get("text_config", facts), dict) else facts


def _shape(run: Run, name: str) -> Configuration | None:
    folder = _folder(run, name)
    return read_configuration(folder / CONFIG)[0] if folder else None
