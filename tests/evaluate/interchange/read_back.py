"""What others' tools read of what `koreason interchange` wrote:  envs/run interop python tests/evaluate/interchange/read_back.py FOLDER

Prints JSON: of Inspect's log its score, samples and metrics; of the harness's task what it asks of the first item, and what it makes of a
boxed answer; of its log how many samples.
"""

import json
import os
import sys
from pathlib import Path

from inspect_ai.log import read_eval_log
from lm_eval.tasks import TaskManager, get_task_dict

folder = Path(sys.argv[1]).resolve()
found = {}
[log] = [read_eval_log(str(path)) for path in sorted((folder / "inspect").glob("*.eval"))]
samples = log.samples or []
found["inspect"] = {
    "status": log.status,
    "samples": len(samples),
    "epochs": log.eval.config.epochs,
    "accuracy": log.results.scores[0].metrics["accuracy"].value,
    "right": sum(sample.scores["koreason"].value == "C" for sample in samples),
    "first": [samples[0].input, samples[0].output.completion, samples[0].target],
}
os.chdir(folder / "lm-eval")
manager = TaskManager(include_path=str(folder / "lm-eval"), include_defaults=False)
[(name, task)] = get_task_dict(["koreason_sums"], manager).items()
documents = list(task.test_docs())
found["lm_eval"] = {
    "name": name,
    "documents": len(documents),
    "asked": task.doc_to_text(documents[0]),
    "gold": str(task.doc_to_target(documents[0])),
    "repeats": task.config.repeats,
    "right": task.process_results(documents[0], [str(task.doc_to_target(documents[0]))]),
}
print(json.dumps(found, ensure_ascii=False))
