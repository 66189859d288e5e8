"""The determinism class of every file of a run, as the stages' rooms state it.

    class_of("trace", "traces.parquet", {"engine": {"dtype": "bfloat16"}})       # "bytes given the journal"

Each room says it beside its stages, in `determinism.py`; a stage that says nothing is refused by a test. Archives and the report speak of
it in these words.
"""

from collections.abc import Iterable
from typing import Any

from koreason.bases.determinism import REPEATS as BASES
from koreason.benches.determinism import REPEATS as BENCHES
from koreason.curate.determinism import REPEATS as CURATE
from koreason.evaluate.determinism import REPEATS as EVALUATE
from koreason.imported.determinism import REPEATS as IMPORTED
from koreason.measures.determinism import REPEATS as MEASURES
from koreason.records import repeating
from koreason.records.repeating import BYTES, CLASSES, FACT, RECORDS, Repeats, weakest
from koreason.report.determinism import REPEATS as REPORT
from koreason.select.determinism import REPEATS as SELECT
from koreason.trace.determinism import REPEATS as TRACE
from koreason.train.determinism import REPEATS as TRAIN

ALL: dict[str, Repeats] = {**BASES, **BENCHES, **CURATE, **TRACE, **IMPORTED, **MEASURES, **SELECT, **TRAIN, **EVALUATE, **REPORT}


def class_of(stage: str, name: str, spec: Any) -> str:
    """The class of a file beside a stage's manifest."""
    if name in RECORDS:
        return FACT
    return repeating.class_of(ALL[stage], name, spec) if stage in ALL else BYTES


def class_of_output(stage: str, names: Iterable[str], spec: Any) -> str:
    """The class that promises least of an output's files, those that are facts of a run aside where there are others."""
    kinds = {class_of(stage, name, spec) for name in names}
    return weakest([*(kinds - {FACT})]) if kinds - {FACT} else FACT


def stated() -> dict[str, Any]:
    """All statements, as an archive holds them."""
    stages: dict[str, dict[str, Any]] = {}
    for stage, repeats in ALL.items():
        stages[stage] = {"files": repeats.files}
        stages[stage] |= {"in float32": repeats.in_float32} if repeats.in_float32 else {}
        stages[stage] |= {"bounds": repeats.bounds} if repeats.bounds else {}
    return {"classes": CLASSES, "beside every output": dict.fromkeys(RECORDS, FACT), "stages": stages}
