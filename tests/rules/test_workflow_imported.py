"""Finished traces in the plan: the demo's, the paper's published sets, and what a mix may not say."""

import copy
import re
from collections import Counter

import pytest
from plans_here import plan, standing_in
from workflow_copy import HOME, read_config

from koreason.config.checks.check import check
from koreason.config.checks.structure import ConfigError


def test_the_published_sets_are_planned_whole_without_a_teacher(tmp_path):
    config = read_config(HOME / "config", "paper", "released")
    with standing_in(tmp_path / "run") as folder:
        planned = plan(folder, config)
    rules = Counter(planned.values())
    assert not {"trace", "ingest", "pool", "judge"} & set(rules)
    sets = Counter(output.split("/")[3] for output, rule in planned.items() if rule == "import_traces")
    assert sets == {"hq_released": 4, "ru_ko_released": 1, "zh_ko_released": 1, "ds_released": 1, "q235_released": 1}
    assert (rules["measure"], rules["select"], rules["decontaminate_traces"], rules["bench"]) == (5, 5, 5, 10)
    assert rules["train"] == 9 + 2 * 4 and rules["score"] == 9 * 9 * 2 + 2 * 4 * 3
    assert rules["base"] == 9, "students alone"
    assert {entry["revision"] for entry in config["imported"].values()} == {"FILL-IN"}, "known commits belong in the file"


def test_an_imported_part_is_followed_like_any_other(tmp_path):
    config = read_config(HOME / "config", "demo")
    config["run"]["experiments"] = [one for one in config["run"]["experiments"] if one["mixes"] == ["worked_mix"]]
    config["mixes"]["worked_mix"]["filters"]["drop_wrong"] = True
    with standing_in(tmp_path / "run") as folder:
        planned = plan(folder, config, "mixes")
    rules = ["bench", "decontaminate_traces", "import_traces", "judge", "measure", "select"]
    assert sorted(planned.values()) == rules, "no pool, no teacher"
    shard = "imported/demo_worked/00000-of-00001/manifest.json"
    assert {f"results/{folder}/{shard}" for folder in ("traces", "measures", "judged")} <= set(planned)


PART = "mixes.worked_mix.traces[0]: has {}; accepted: `pool` and `recipe`, or `imported`"
WRONG = {
    "both forms": (lambda config: part(config).update(pool="demo"), PART.format("imported, pool")),
    "half a form": (lambda config: replace(config, {"recipe": "smollm2_mixed"}), PART.format("recipe")),
    "none": (lambda config: replace(config, {}), PART.format("nothing")),
    "no such entry": (
        lambda config: replace(config, {"imported": "demo_workd"}),
        "'demo_workd' is not in imported; did you mean 'demo_worked'?",
    ),
    "a pool of that name": (
        lambda config: config["pools"].update(imported=copy.deepcopy(config["pools"]["demo_exams"])),
        "pools: 'imported' is reserved for finished traces",
    ),
    "a licence that forbids": (
        lambda config: config["imported"]["demo_worked"].update(licence="C"),
        "imported.demo_worked.licence: C means",
    ),
    "a column of another shape": (
        lambda config: config["imported"]["demo_worked"]["columns"].update(messages=["m"]),
        "imported.demo_worked.columns: traces of the shape 'instruction_response' have no column 'messages'",
    ),
    "a category that it lacks": (
        lambda config: config["mixes"]["worked_mix"]["quotas"].update(Exams=3),
        "mixes.worked_mix.quotas: no source of its parts has the category 'Exams'",
    ),
}


def part(config):
    return config["mixes"]["worked_mix"]["traces"][0]


def replace(config, other):
    config["mixes"]["worked_mix"]["traces"][0] = other


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_is_refused_in_one_line(what):
    config = read_config(HOME / "config", "demo")
    check(config)
    change, said = WRONG[what]
    change(config)
    with pytest.raises(ConfigError, match=re.escape(said)):
        check(config)
