"""The proof in the plan: arms of equally many documents that differ in what they are taught, and in nothing else."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from plans_here import plan, standing_in
from workflow_copy import HOME

from koreason.config.files.layers import layered

ARMS = {"proof": ["mixed", "permuted"], "proof-languages": ["mixed", "english", "korean"]}


def read(name: str) -> dict[str, Any]:
    return layered([HOME / "config" / f"{one}.yaml" for one in dict.fromkeys(("proof", name))])


@pytest.mark.parametrize("name", ARMS)
def test_each_arm_is_trained_once_and_asked_all_and_the_base_too(name: str, tmp_path: Path) -> None:
    config = read(name)
    with standing_in(tmp_path / "run") as folder:
        rules = Counter(plan(folder, config).values())
    arms = len(ARMS[name])
    assert (rules["import_traces"], rules["select"], rules["pack"], rules["train"]) == (arms,) * 4
    assert rules["generate"] == rules["score"] == 2 * (arms + 1) and rules["page"] == 1
    assert not {"trace", "ingest", "pool"} & set(rules), "no teacher"


@pytest.mark.parametrize("name", ARMS)
def test_arms_differ_in_their_thinking_alone(name: str) -> None:
    config = read(name)
    [experiment] = config["run"]["experiments"]
    assert experiment["base"] and experiment["mixes"] == ARMS[name] and set(config["run"]["report"]["against"]) < set(ARMS[name])
    mixes = [config["mixes"][mix] for mix in ARMS[name]]
    entries = [config["imported"][mix["traces"][0]["imported"]] for mix in mixes]
    assert len({str({**mix, "traces": None}) for mix in mixes}) == 1
    assert len({str({**entry, "columns": None}) for entry in entries}) == 1
    asked = {str({key: of for key, of in entry["columns"].items() if key not in ("think", "answer")}) for entry in entries}
    assert len(asked) == 1 and len({str(entry["columns"]["think"]) for entry in entries}) == len(entries)
