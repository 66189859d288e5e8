"""What the Snakefile asks of the configuration: refusals, and experiments as cells."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from workflow_copy import read_config

from koreason.config import catalogue, effects
from koreason.config.checks.check import check
from koreason.config.checks.structure import ConfigError
from koreason.config.joined.experiments import cells, trainings
from koreason.config.schema import read_schema, schema_of
from koreason.config.site import Site
from koreason.home import HOME


@pytest.fixture
def demo() -> dict[str, Any]:
    return read_config(HOME / "config", "demo")


def test_the_schema_is_the_one_that_the_specs_give() -> None:
    generated = {"$schema": "https://json-schema.org/draft/2020-12/schema", **catalogue.schema()}
    stored = json.loads((HOME / "config" / "schema.json").read_text(encoding="utf-8"))
    assert stored == generated, "stale: python -m koreason.config.catalogue > config/schema.json"


def test_the_table_of_effects_in_print_is_the_one_in_the_code() -> None:
    assert (HOME / "docs" / "keys.md").read_text(encoding="utf-8") == effects.page(), "stale: make schema"


def lacking(schema: dict[str, Any], where: str) -> list[str]:
    """Keys of a schema that no sentence describes."""
    found = []
    for name, field in schema.get("properties", {}).items():
        found += [f"{where}.{name}"] if "required" in schema and "description" not in field else []
        found += lacking(field, f"{where}.{name}")
    for inner in (schema.get("items"), schema.get("additionalProperties"), *schema.get("anyOf", ())):
        found += lacking(inner, where) if isinstance(inner, dict) else []
    return found


@pytest.mark.parametrize("kind", [catalogue.Catalogue, Site])
def test_every_key_has_its_sentence(kind: type) -> None:
    assert lacking(schema_of(kind), "") == [], "give each field its sentence under `Attributes` of its class"


def test_a_key_that_nobody_reads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = copy.deepcopy(read_schema())
    schema["properties"]["benches"]["additionalProperties"]["properties"]["language"] = {"type": "string"}
    monkeypatch.setattr(effects, "read_schema", lambda: schema)
    with pytest.raises(KeyError, match=r"benches\.\*\.language: no rule is given it"):
        effects.effects.__wrapped__()


OVER = {"released": ("paper",), "gpu-small": ("taste",), "proof-languages": ("proof",)}  # a selection that lies over another one


@pytest.mark.parametrize("name", sorted(path.stem for path in (HOME / "config").glob("*.yaml") if path.stem != "config"))
def test_every_selection_is_accepted(name: str) -> None:
    check(read_config(HOME / "config", *OVER.get(name, ()), name))


def first(table: dict[str, Any]) -> Any:
    """The first entry that is not there to be lain over."""
    return next(entry for entry in table.values() if entry.get("sources") != [] and entry.get("traces") != [])


def rename(table: dict[str, Any], name: Any) -> None:
    table[name] = copy.deepcopy(first(table))


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda c: c.update(modles={}), "configuration: unknown key 'modles'; did you mean 'models'?"),
        (lambda c: c["resources"].update(trian=c["resources"]["train"]), "resources: unknown key 'trian'; did you mean 'train'?"),
        (lambda c: c["resources"].pop("train"), "resources: lacks the key 'train'"),
        (lambda c: first(c["sources"]).update(format="jsnol"), "'jsnol' is not accepted; did you mean 'jsonl'?"),
        (lambda c: first(c["sources"]).update(licence="C"), "C means that its owner forbids crawling"),
        (lambda c: first(c["recipes"]).update(teacher="gpt"), "'gpt' is not in bases; accepted: "),
        (lambda c: first(c["recipes"]).update(shards=0), "recipes.smollm2_mixed.shards: 0 is not accepted; accepted: at least 1"),
        (lambda c: first(c["recipes"]).update(shards="two"), "shards: 'two' is not accepted; accepted: a whole number"),
        (lambda c: first(c["mixes"])["quotas"].update(Exmas=3), "no source of its parts has the category 'Exmas'; did you mean 'Exams'?"),
        (lambda c: first(c["models"]).update(base="smollm2"), "'smollm2' is not in bases; did you mean 'smollm2-135m'?"),
        (lambda c: rename(c["mixes"], "base"), "mixes: 'base' is reserved for untrained models"),
        (lambda c: rename(c["schedules"], "base"), "schedules: 'base' is reserved for untrained models"),
        (lambda c: rename(c["models"], "../x"), "models: '../x' cannot be a name"),
        (lambda c: rename(c["pools"], "a b"), "pools: 'a b' cannot be a name"),
        (lambda c: rename(c["pools"], "a.b"), "pools: 'a.b' cannot be a name"),
        (lambda c: rename(c["benches"], "-n"), "benches: '-n' cannot be a name"),
        (lambda c: rename(c["mixes"], "x" * 65), "cannot be a name"),
        (lambda c: rename(c["mixes"], 2024), "mixes: YAML reads the name 2024 as int and not as text"),
        (lambda c: c["run"].update(experiments=[]), "run.experiments: is empty; choose a run"),
        (
            lambda c: first(c["pools"]).update(min_target_share=30),
            "min_target_share: 30 is not accepted; accepted: at least 0 and at most 1",
        ),
        (
            lambda c: first(c["pools"]).update(min_chars=9000),
            "pools.demo: min_chars is 9000 and max_chars is 8192; accepted: min_chars up to",
        ),
        (lambda c: first(c["pools"]).update(mask_personal_data=["Dayly"]), "has the category 'Dayly'; did you mean 'Daily'?"),
        (
            lambda c: [s.update(category="Everyday") for s in c["sources"].values()],
            "mask_personal_data: no source of its list has the category",
        ),
        (lambda c: first(c["sources"]).update(columns={"qustion": ["q"]}), "unknown key 'qustion'; did you mean 'question'?"),
        (lambda c: first(c["sources"]).update(columns={"answer": ["a"]}), "columns: lacks the key 'question'"),
        (lambda c: first(c["mixes"])["quotas"].update(Exams=-10), "quotas.Exams: -10 is not accepted; accepted: at least 0"),
        (lambda c: first(c["mixes"]).update(quotas={"Exams": 0}), "quotas: would draw nothing"),
        (lambda c: first(c["mixes"])["filters"].update(min_think_share=0.95), "min_think_share is 0.95 and max_think_share is 0.9;"),
        (lambda c: first(c["schedules"]).update(max_steps=0), "max_steps: 0 is not accepted; accepted: at least 1"),
        (lambda c: first(c["schedules"]).update(max_steps="six"), "max_steps: 'six' is not accepted; accepted: a whole number"),
        (lambda c: first(c["schedules"]).update(epochs=2.0), "epochs: 2.0 is not accepted; accepted: a whole number"),
        (lambda c: first(c["schedules"]).update(beta1=1), "beta1: 1 is not accepted; accepted: at least 0 and less than 1"),
        (lambda c: first(c["schedules"]).update(lr=float("nan")), "schedules.laptop_short.lr: nan is no number"),
        (lambda c: first(c["schedules"]).update(lr=10**400), "schedules.laptop_short.lr: a number of 1329 bits; accepted: at most 92233"),
        (lambda c: first(c["schedules"]).update(lr="five"), "lr: 'five' is not accepted; accepted: a number"),
        (
            lambda c: first(c["sources"]).update(files={"forum.jsonl": None}),
            "files.forum.jsonl: is empty; accepted: text; `sha256sum FILE`",
        ),
        (lambda c: first(c["pools"]).update(min_target_share=30), "at least 0 and at most 1; 30 percent are 0.3"),
        (
            lambda c: first(c["pools"]).update(mask_personal_data=["Dayly"]),
            "mask_personal_data: no source of its list has the category 'Day",
        ),
        (lambda c: first(c["sources"]).update(columns={"qustion": ["a"]}), "columns: unknown key 'qustion'; did you mean 'question'"),
        (lambda c: first(c["pools"]).update(by={"Daily": {"min_chars": 9000}}), "by.Daily: min_chars is 9000 and max_chars is 8192"),
        (lambda c: first(c["models"]).update(tensor_parallel=0), "tensor_parallel: 0 is not accepted; accepted: at least 1"),
        (lambda c: first(c["benches"]).update(kind="short"), "kind: 'short' is not accepted; accepted: choice, math"),
        (lambda c: first(c["benches"]).update(language="ko"), "unknown key 'language'"),
        (lambda c: c["resources"]["trace"].update(mem_mb=0), "resources.trace.mem_mb: 0 is not accepted"),
    ],
)
def test_what_is_wrong_is_named(demo: dict[str, Any], spoil: Callable[[dict[str, Any]], Any], line: str) -> None:
    spoil(demo)
    with pytest.raises(ConfigError) as raised:
        check(demo)
    assert line in str(raised.value)
    assert "\n" not in str(raised.value)


def test_in_one_entry_a_name_of_nothing_is_said_beside_a_value_of_the_wrong_kind(demo: dict[str, Any]) -> None:
    first(demo["recipes"]).update(teacher="gpt", shards="two")
    first(demo["mixes"]).update(traces="all")  # which names nothing, and is no list
    demo["run"]["experiments"][0]["models"] = [["proxy"], "prxoy"]
    with pytest.raises(ConfigError) as raised:
        check(demo)
    said = "\n".join(raised.value.lines)
    lines = ["'gpt' is not in bases", "'two' is not accepted", "'all' is not accepted", "'prxoy' is not in models"]
    for line in [*lines, "['proxy'] is not accepted"]:
        assert line in said, said


def block(**changes: Any) -> dict[str, Any]:
    return {"models": ["m"], "mixes": ["x", "y"], "schedules": ["s"], "benches": ["b"], "base": False, **changes}


def run(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"run": {"experiments": list(blocks)}}


def test_an_experiment_is_a_cross_product() -> None:
    config = run(block(base=True), block(mixes=["y"], benches=["b", "c"]))
    assert trainings(config) == [("m", "x", "s"), ("m", "y", "s")]
    assert cells(config) == [("m", "base", "base", "b"), ("m", "x", "s", "b"), ("m", "y", "s", "b"), ("m", "y", "s", "c")]


def test_without_benches_models_are_trained_and_without_mixes_bases_are_scored() -> None:
    assert trainings(run(block(benches=[]))) == [("m", "x", "s"), ("m", "y", "s")]
    assert cells(run(block(benches=[]))) == []
    assert cells(run(block(mixes=[], base=True))) == [("m", "base", "base", "b")]
