"""Experiments as the models that are trained and the scores that are asked for.

trainings(config)[0]      # ("smollm2_ko", "demo", "short")
"""

import itertools
from typing import Any

BASE = "base"  # stands for "not trained" where a path names a mix and a schedule


def trainings(config: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Every (model, mix, schedule) that the run's experiments train, once each, in their order."""
    blocks = config["run"]["experiments"]
    found = (cell for block in blocks for cell in itertools.product(block["models"], block["mixes"], block["schedules"]))
    return list(dict.fromkeys(found))


def cells(config: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Every (model, mix, schedule, bench) that the run's experiments score, once each; untrained models as (model, BASE, BASE, bench)."""
    found: dict[tuple[str, str, str, str], None] = {}
    for block in config["run"]["experiments"]:
        for model in block["models"]:
            trained = list(itertools.product([model], block["mixes"], block["schedules"]))
            for state in [(model, BASE, BASE), *trained] if block["base"] else trained:
                found.update(((*state, bench), None) for bench in block["benches"])
    return list(found)


def trained_bases(config: dict[str, Any]) -> set[str]:
    """Every base that a model of the run's experiments is trained from; the others only answer."""
    return {config["models"][model]["base"] for model, _, _ in trainings(config)}
