"""Entries that are like others, numbers and paths as people write them, and where each value comes from."""

from pathlib import Path
from typing import Any

import pytest

from koreason.config.checks.check import check, problems
from koreason.config.checks.structure import ConfigError
from koreason.config.files.layers import layered
from koreason.errors import UserError


def written(folder: Path, text: str, name: str = "my.yaml") -> dict[str, Any]:
    (folder / name).write_text(text, encoding="utf-8")
    return layered([folder / name])


def test_an_entry_lies_over_another_key_by_key(tmp_path: Path) -> None:
    text = """
schedules: {mine: {like: laptop_short, epochs: 3, lr: 5e-6}, other: {like: mine, seed: 4}}
recipes: {mine: {like: smollm2_mixed, sampling: {temperature: 0.9}, seed: 1}}
mixes: {mine: {like: theirs, quotas: {Daily: 3}}, theirs: {traces: [], quotas: {Exams: 5, Daily: 1}}}
"""
    config = written(tmp_path, text)
    catalogue = layered([])
    assert config["schedules"]["other"] == catalogue["schedules"]["laptop_short"] | {"epochs": 3, "lr": 5e-6, "seed": 4}
    sampling = catalogue["recipes"]["smollm2_mixed"]["sampling"]
    assert config["recipes"]["mine"]["sampling"] == sampling | {"temperature": 0.9}, "tables with keys of their own key by key"
    assert config["mixes"]["mine"]["quotas"] == {"Daily": 3}, "what has names that people give is taken whole"
    assert config["schedules"]["laptop_short"] == catalogue["schedules"]["laptop_short"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schedules: {mine: {like: laptop_shrt}}", "schedules.mine.like: 'laptop_shrt' is not in schedules; did you mean 'laptop_short'"),
        ("schedules: {a: {like: b}, b: {like: a}}", r"schedules\.\w\.like: goes in a circle: a -> b -> a"),
        ("schedules: {a: {like: [b]}}", "is not in schedules"),
    ],
)
def test_what_is_like_nothing(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        written(tmp_path, text)


def test_numbers_as_people_write_them(tmp_path: Path) -> None:
    text = "schedules: {mine: {like: laptop_short, lr: 5e-5, min_lr: 1E-6, max_steps: 1e2, epochs: 15e-1}}"
    mine = written(tmp_path, text)["schedules"]["mine"]
    assert (mine["lr"], mine["min_lr"], mine["max_steps"]) == (5e-5, 1e-6, 100)
    assert mine["epochs"] == "15e-1", "one and a half is no number of epochs: refused as it was written"


def test_paths_are_relative_to_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, run = tmp_path / "study", tmp_path / "run"
    (study / "config").mkdir(parents=True)
    run.mkdir()
    entry = "{format: jsonl, category: A, licence: A, columns: {question: [q]}, files: {a.jsonl: x}"
    text = f"""
sources: {{a: {entry}, root: ../dumps}}, b: {entry}}}, c: {entry}, root: $X/d}}, d: {entry}, root: /abs}}}}
benches: {{mine: {{like: ko_choice, file: items.jsonl}}, hub: {{hub: owner/name}}}}
bases: {{mine: {{path: ./model}}}}
"""
    places = {}
    for folder in (run, study, study / "config"):
        monkeypatch.chdir(folder)
        config = written(study / "config", text)
        sources = [config["sources"][name]["root"] for name in "abcd"]
        places[folder] = [*sources, config["benches"]["mine"]["file"], config["bases"]["mine"]["path"]]
        assert config["benches"]["hub"]["hub"] == "owner/name"
    there = [f"{study}/dumps", f"{study}/config", "$X/d", "/abs", f"{study}/config/items.jsonl", f"{study}/config/model"]
    assert places[run] == there
    assert places[study] == ["dumps", "config", "$X/d", "/abs", "config/items.jsonl", "config/model"], "below the run's folder it may move"
    assert places[study / "config"][1:] == [".", "$X/d", "/abs", "items.jsonl", "model"]


def test_what_is_like_nothing_hides_nothing_else(tmp_path: Path) -> None:
    text = """
schedules: {mine: {like: laptop_shrt, epochs: fast}, a: {like: b}, b: {like: a}, c: {like: mine, wormup: 1}}
recipes: {mine: {like: smollm2, sampling: {temperature: 0.9, tap_p: 1}}}
pools: {mine: {like: forum, sources: [none]}}
sources: {quiz: {like: demo_quizz, files: {2024: x}}}
run: {experiments: [{models: [smollm2], mixes: [], schedules: [mine], benches: [], base: false}]}
"""
    (tmp_path / "my.yaml").write_text(text, encoding="utf-8")
    found = problems(layered([tmp_path / "my.yaml"], refuse=False))
    assert [line.partition("; ")[0] for line in found] == [
        "sources.quiz.like: 'demo_quizz' is not in sources",
        "recipes.mine.like: 'smollm2' is not in recipes",
        "schedules.mine.like: 'laptop_shrt' is not in schedules",
        "schedules.a.like: goes in a circle: a -> b -> a",
        "recipes.mine.sampling: unknown key 'tap_p'",
        "schedules.c: unknown key 'wormup'",
        "schedules.mine.epochs: 'fast' is not accepted",
        "pools.mine.sources[0]: 'none' is not in sources",
    ]
    with pytest.raises(ConfigError) as refused:
        layered([tmp_path / "my.yaml"])
    assert refused.value.lines == found[:4], "commands that go on with the values refuse it"


def test_what_is_wrong_beside_the_tables_hides_nothing_of_them(tmp_path: Path) -> None:
    text = """
kin: x
resources: {ingest: x}
pools: {mine: {like: forum, sources: [quiz], twins: {}, min_chars: 500, max_chars: 20}}
sources: {quiz: {format: csv, category: Daily, licence: A, columns: {question: [q]}, max_reject_share: 0, files: {a.csv: x}}}
run: {titel: x, experiments: []}
"""
    found = problems(written(tmp_path, text))
    assert [line.partition(";")[0] for line in found] == [
        "configuration: unknown key 'kin'",
        "resources.ingest: 'x' is not accepted",
        "run: unknown key 'titel'",
        "pools.mine: min_chars is 500 and max_chars is 20",
    ]


def test_keys_that_yaml_reads_as_something_else(tmp_path: Path) -> None:
    text = "sources: {quiz: {format: csv, category: A, licence: A, columns: {question: [q]}, max_reject_share: 0, files: {2024: x, no: y}}}"
    found = problems(written(tmp_path, text))
    assert [line for line in found if "YAML" in line] == [
        "sources.quiz.files: YAML reads the name 2024 as int and not as text; write it in quotes",
        "sources.quiz.files: YAML reads the name False as bool and not as text; write it in quotes",
    ]


def test_all_that_is_wrong_at_once(tmp_path: Path) -> None:
    text = """
schedules: {mine: {epochs: 1, lr: 5e-5, max_stps: 3}}
pools: {mine: {sources: [], language: ko, min_target_share: 30}}
run: {experiments: [{models: [], mixes: [], schedules: [], benches: [], base: false}]}
"""
    config = written(tmp_path, text)
    found = problems(config)
    assert len(found) == 5
    assert [line for line in found if "lacks" in line][1].startswith("schedules.mine: lacks the keys 'sequence_length', 'packing'")
    assert "'max_steps'" not in found[3] and "did you mean 'max_steps'" in "".join(found), "a misspelt key is not a lacking one, too"
    assert found[-1].startswith("run.experiments[0]: names nothing"), "which makes sense whatever the entries are"
    with pytest.raises(ConfigError) as refused:
        check(config)
    assert refused.value.lines == found
