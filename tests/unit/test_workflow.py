"""What the Snakefile asks of `koreason.workflow`: refusals, experiments as cells, digests of code."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from workflow_copy import read_config

from koreason import specs, workflow
from koreason.workflow import HOME, ConfigError, cells, check, code_digest, trainings


@pytest.fixture
def demo() -> dict[str, Any]:
    return read_config(HOME / "config", "demo")


def test_the_schema_is_the_one_that_the_specs_give() -> None:
    generated = {"$schema": "https://json-schema.org/draft/2020-12/schema", **specs.schema()}
    stored = json.loads((HOME / "config" / "schema.json").read_text(encoding="utf-8"))
    assert stored == generated, "stale: python -m koreason.specs > config/schema.json"


@pytest.mark.parametrize("name", sorted(path.stem for path in (HOME / "config").glob("*.yaml") if path.stem != "config"))
def test_every_selection_is_accepted(name: str) -> None:
    check(read_config(HOME / "config", name))


def first(table: dict[str, Any]) -> Any:
    return next(iter(table.values()))


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
        (lambda c: first(c["recipes"]).update(shards=0), "shards and samples must be 1 or more"),
        (lambda c: first(c["recipes"]).update(shards="two"), "'two' is not of type 'integer'"),
        (lambda c: first(c["mixes"])["quotas"].update(Exmas=3), "no source of its pools has the category 'Exmas'; did you mean 'Exams'?"),
        (lambda c: first(c["models"]).update(base="smollm2"), "'smollm2' is not in bases; did you mean 'smollm2-135m'?"),
        (lambda c: rename(c["mixes"], "base"), "mixes: 'base' is reserved for untrained models"),
        (lambda c: rename(c["schedules"], "base"), "schedules: 'base' is reserved for untrained models"),
        (lambda c: rename(c["models"], "../x"), "models: '../x' cannot be a name"),
        (lambda c: rename(c["pools"], "a b"), "pools: 'a b' cannot be a name"),
        (lambda c: rename(c["pools"], "a.b"), "pools: 'a.b' cannot be a name"),
        (lambda c: rename(c["benches"], "-n"), "benches: '-n' cannot be a name"),
        (lambda c: rename(c["mixes"], "x" * 65), "cannot be a name"),
        (lambda c: rename(c["mixes"], 2024), "mixes: '2024' cannot be a name"),
        (lambda c: c["run"].update(experiments=[]), "run.experiments: is empty; choose a run"),
    ],
)
def test_what_is_wrong_is_named(demo: dict[str, Any], spoil: Callable[[dict[str, Any]], Any], line: str) -> None:
    spoil(demo)
    with pytest.raises(ConfigError) as raised:
        check(demo)
    assert line in str(raised.value)
    assert "\n" not in str(raised.value)


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


@pytest.fixture
def package(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A little `koreason` whose `a.stage` imports `a.near` relatively and `far`; `b.other` is imported by nobody."""
    files = {
        "a/stage.py": '"""Stage."""\nfrom .near import x\n\n\ndef f():\n    from koreason import far\n    return far\n',
        "a/near.py": "x = 1\n",
        "a/style.css": "a {}\n",
        "far.py": "y = 1\n",
        "b/other.py": "z = 1\n",
        "b/style.css": "b {}\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(workflow, "PACKAGE", tmp_path)

    def digest_after(name: str = "a/stage.py", text: str | None = None) -> str:
        before = (tmp_path / name).read_text()
        (tmp_path / name).write_text(before if text is None else text)
        for function in (workflow._read, workflow._beside, code_digest):
            function.cache_clear()
        try:
            return code_digest("koreason.a.stage")
        finally:
            (tmp_path / name).write_text(before)

    yield digest_after
    for function in (workflow._read, workflow._beside, code_digest):
        function.cache_clear()


@pytest.mark.parametrize("name", ["a/near.py", "a/style.css", "far.py"])
def test_a_digest_follows_what_a_stage_means(package: Callable[..., str], name: str) -> None:
    assert package(name, "changed = 2\n") != package()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("b/other.py", "z = 2\n"),
        ("b/style.css", "b { color: teal }\n"),
        ("a/near.py", '"""A docstring."""\n\nx = 1  # one\n'),
        (
            "a/stage.py",
            '"""Other words."""\nfrom .near import x\ndef f():\n    """Words."""\n    from koreason import far\n\n    return (far)\n',
        ),
    ],
)
def test_a_digest_ignores_the_rest(package: Callable[..., str], name: str, text: str) -> None:
    assert package(name, text) == package()


def test_a_function_that_is_only_a_docstring_differs_from_one_that_does_something(package: Callable[..., str]) -> None:
    assert package("far.py", 'def f():\n    """Words."""\n') != package("far.py", "def f():\n    g()\n")
