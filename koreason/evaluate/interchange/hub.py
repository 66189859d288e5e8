"""What a model's page on the Hugging Face hub says of its evaluations: `.eval_results/*.yaml`, and a table for its card.

files = eval_results([evaluation], {"ko_math": {"hub": "HAERAE-HUB/HRM8K", "revision": "…", "name": "KSM"}})
"""

from collections.abc import Sequence
from typing import Any

import yaml

from koreason.evaluate.interchange.finished import Finished


def eval_results(evaluations: Sequence[Finished], benches: dict[str, dict[str, Any]]) -> dict[str, str]:
    """A file a benchmark that lies on the hub; benchmarks of files have no name there and are left out."""
    found = {}
    for one in evaluations:
        bench = benches.get(one.bench, {})
        if not bench.get("hub"):
            continue
        dataset = {"id": bench["hub"], "task_id": bench.get("name") or "default"}
        if bench.get("revision") and bench["revision"] != "FILL-IN":
            dataset["revision"] = bench["revision"]
        accuracy = one.scores["accuracy"]
        low, high = (100 * value for value in accuracy["interval_95"])
        entry = {
            "dataset": dataset,
            "value": round(100 * accuracy["mean"], 2),
            "date": one.ended.date().isoformat(),
            "notes": f"accuracy in percent by koreason, profile {one.scores['profile']}, {one.scores['items']} items x"
            f" {one.scores['repeats']}, 95% interval {low:.1f} to {high:.1f}",
        }
        found[f".eval_results/{one.bench}.yaml"] = yaml.safe_dump([entry], allow_unicode=True, sort_keys=False)
    return found


def card(evaluations: Sequence[Finished]) -> str:
    """A table for the model's card, in Markdown."""
    head = "| benchmark | items | repeats | accuracy | 95% interval | profile |\n|---|--:|--:|--:|---|---|\n"
    rows = []
    for one in evaluations:
        accuracy = one.scores["accuracy"]
        low, high = (100 * value for value in accuracy["interval_95"])
        figures = f"{one.scores['items']:,} | {one.scores['repeats']} | {100 * accuracy['mean']:.1f} | {low:.1f} to {high:.1f}"
        rows.append(f"| {one.bench} | {figures} | {one.scores['profile']} |\n")
    return head + "".join(rows)
