"""Answer several benchmarks with one engine:  envs/run vllm python tests/evaluate/answer_all.py MODEL SPEC OUT BENCH…

What `koreason generate` does for one, for all of them in one process; prints how many engines were started.
"""

import json
import sys
from pathlib import Path

from koreason.benches.items import read_items
from koreason.config.load import load
from koreason.engine import drawing
from koreason.engine.drawing import Model, draw
from koreason.engine.generator import Generator
from koreason.engine.journals.journal import WHOLE
from koreason.engine.signals import Notice
from koreason.evaluate.generate import requests, table
from koreason.evaluate.spec import Asking
from koreason.records.stage import Stage
from koreason.tables import GENERATIONS, write_table


def main(model_folder: Path, spec: str, out: Path, benches: list[Path]) -> None:
    """Draw and write the answers to each benchmark."""
    started = []

    class Counted(Generator):
        def __init__(self, *arguments: object) -> None:
            started.append(1)
            super().__init__(*arguments)  # type: ignore[arg-type]

    drawing.Generator = Counted  # type: ignore[misc]
    asking: Asking = load(Asking, json.loads(spec))
    model = Model.read(model_folder / "manifest.json", asking.prefill, asking.sampling, asking.engine)
    for bench in benches:
        items, folder = read_items(bench / "manifest.json"), out / bench.name
        asked = requests(items, asking, model)
        with Stage(folder / "generations", "generate", json.loads(spec), [bench / "manifest.json"]) as stage:
            drawn, stage.run = draw(asked, model, folder / "journal", WHOLE, Notice())
            write_table(table(items, asked, drawn, asking.repeats), stage, "generations.parquet", GENERATIONS)
            stage.counts["repeats"] = asking.repeats
    print(json.dumps({"engines": len(started)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), [Path(name) for name in sys.argv[4:]])
