"""Inspect's `.eval` log: a ZIP of a header and one JSON file a sample, repeats as epochs.

data = inspect(evaluation)       # bytes of results/…/ko_math.eval; `inspect view` and `read_eval_log` open them
"""

import hashlib
import io
import json
import zipfile
from typing import Any

from koreason.evaluate.interchange.finished import Answer, Finished
from koreason.records.manifest import is_plain

EPOCH = (1980, 1, 1, 0, 0, 0)  # of the archive's members: the same evaluation gives the same bytes
SCORER = "koreason"
LONGEST = 200  # bytes of an id that is a file's name


def inspect(evaluation: Finished) -> bytes:
    """The log's bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:

        def put(name: str, value: Any) -> None:
            archive.writestr(zipfile.ZipInfo(name, EPOCH), json.dumps(value, ensure_ascii=False), zipfile.ZIP_DEFLATED)

        header = head(evaluation)
        put("_journal/start.json", {"version": header["version"], "eval": header["eval"], "plan": header["plan"]})
        summaries = []
        for answer in evaluation.answers:
            sample = sample_of(evaluation, answer)
            put(f"samples/{member(sample['id'])}_epoch_{sample['epoch']}.json", sample)
            summaries.append({key: sample[key] for key in ("id", "epoch", "input", "target", "scores")} | {"completed": True})
        put("summaries.json", summaries)
        put("header.json", header)
    return buffer.getvalue()


def member(item: str) -> str:
    """What a sample's file is called: by its item's id, and by a digest where the id would lead elsewhere or is no name."""
    plain = is_plain(item) and item.isprintable() and "\\" not in item and len(item.encode()) <= LONGEST
    return item if plain else hashlib.sha256(item.encode()).hexdigest()


def head(evaluation: Finished) -> dict[str, Any]:
    """The log without its samples."""
    accuracy, sampling = evaluation.scores["accuracy"], evaluation.asking.get("sampling", {})
    metrics = {"accuracy": accuracy["mean"], "stderr": accuracy["se_over_items"] or 0.0}
    score = {
        "name": SCORER,
        "scorer": SCORER,
        "params": {"profile": evaluation.scores["profile"]},
        "metrics": {name: {"name": name, "value": value} for name, value in metrics.items()},
    }
    when = evaluation.ended.isoformat()
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "task": evaluation.bench,
            "task_version": evaluation.scores["version"],
            "created": when,
            "dataset": {"name": evaluation.bench, "samples": len(evaluation.items), "sample_ids": [item.id for item in evaluation.items]},
            "model": f"koreason/{evaluation.name}",
            "model_generate_config": {
                key: sampling[key] for key in ("temperature", "top_p", "max_tokens") if sampling.get(key) is not None
            },
            "config": {"epochs": evaluation.scores["repeats"]},
            "packages": {},
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {"total_samples": len(evaluation.answers), "completed_samples": len(evaluation.answers), "scores": [score]},
        "stats": {"started_at": when, "completed_at": when, "model_usage": {}},
    }


def sample_of(evaluation: Finished, answer: Answer) -> dict[str, Any]:
    """One answer as a sample."""
    model = f"koreason/{evaluation.name}"
    said = {"role": "assistant", "content": answer.response, "source": "generate", "model": model}
    stopped = {"stop": "stop", "length": "max_tokens"}.get(answer.finish, "unknown")
    return {
        "id": answer.item.id,
        "epoch": answer.repeat + 1,
        "input": answer.prompt,
        "choices": answer.item.options or None,
        "target": answer.item.gold,
        "messages": [{"role": "user", "content": answer.prompt, "source": "input"}, said],
        "output": {"model": model, "choices": [{"message": said, "stop_reason": stopped}]},
        "scores": {
            SCORER: {
                "value": "C" if answer.correct else "I",
                "answer": answer.extracted,
                "explanation": f"{answer.verdict}: {answer.rule}",
                "metadata": {"verdict": answer.verdict, "rule": answer.rule},
            }
        },
        "metadata": {"category": answer.item.category, "seed": answer.seed, "tokens": answer.tokens},
    }
