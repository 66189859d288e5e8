"""Every Eval Ever: one object an evaluation, and one line an answer, by that project's schema 0.3.

files = every_eval_ever(evaluation, {"hub": "HAERAE-HUB/KoSimpleEval"})
"""

import hashlib
import json
import uuid
from importlib.metadata import version
from typing import Any

from koreason.engine.thinking import split
from koreason.evaluate.interchange.finished import Answer, Finished, lines

SCHEMA = "0.3.0"


def every_eval_ever(evaluation: Finished, bench: dict[str, Any]) -> dict[str, str]:
    """Its files by their names; `bench` is the benchmark's entry."""
    # as that project's store is laid out: a collection, who made the model, the model, and a file with a random name
    digest = hashlib.sha256(identity(evaluation).encode()).digest()
    name = f"data/koreason/local/{evaluation.name}/{uuid.UUID(bytes=digest[:16], version=4)}"
    rows = lines([instance(evaluation, answer) for answer in evaluation.answers])
    whole = aggregate(evaluation, bench)
    whole["detailed_evaluation_results"] = {
        "format": "jsonl",
        "file_path": f"{name}_samples.jsonl",
        "hash_algorithm": "sha256",
        "checksum": hashlib.sha256(rows.encode()).hexdigest(),
        "total_rows": len(evaluation.answers),
    }
    folder = "every-eval-ever"
    return {f"{folder}/{name}.json": json.dumps(whole, ensure_ascii=False, indent=1) + "\n", f"{folder}/{name}_samples.jsonl": rows}


def identity(evaluation: Finished) -> str:
    """By which its lines name the object."""
    return f"{evaluation.bench}/{evaluation.name}/{int(evaluation.ended.timestamp())}"


def aggregate(evaluation: Finished, bench: dict[str, Any]) -> dict[str, Any]:
    """The object."""
    accuracy, sampling = evaluation.scores["accuracy"], evaluation.asking.get("sampling", {})
    hub = bench.get("hub")
    source = {"dataset_name": evaluation.bench, "samples_number": evaluation.scores["items"]} if hub else {"dataset_name": evaluation.bench}
    source |= {"source_type": "hf_dataset", "hf_repo": hub} if hub else {"source_type": "other"}
    uncertainty: dict[str, Any] = {
        "confidence_interval": {"lower": accuracy["interval_95"][0], "upper": accuracy["interval_95"][1], "confidence_level": 0.95},
        "num_samples": evaluation.scores["items"],
    }
    if accuracy["se_over_items"] is not None:
        uncertainty["standard_error"] = {"value": accuracy["se_over_items"], "method": "clustered by item"}
    arguments = {key: sampling[key] for key in ("temperature", "top_p", "top_k", "max_tokens") if sampling.get(key) is not None}
    result = {
        "evaluation_name": evaluation.bench,
        "source_data": source,
        "evaluation_timestamp": str(int(evaluation.ended.timestamp())),
        "metric_config": {
            "evaluation_description": f"accuracy by the profile {evaluation.scores['profile']}",
            "metric_id": "accuracy",
            "metric_name": "Accuracy",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
        },
        "score_details": {"score": accuracy["mean"], "uncertainty": uncertainty},
        "generation_config": {"generation_args": arguments},
    }
    return {
        "schema_version": SCHEMA,
        "evaluation_id": identity(evaluation),
        "retrieved_timestamp": str(int(evaluation.ended.timestamp())),
        "source_metadata": {
            "source_name": "koreason",
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": "koreason", "version": _version()},
        "model_info": {"name": evaluation.name, "id": f"local/{evaluation.name}", "inference_engine": {"name": "vllm"}},
        "evaluation_results": [result],
    }


def instance(evaluation: Finished, answer: Answer) -> dict[str, Any]:
    """One answer as a line."""
    think, _ = split(answer.response)
    output: dict[str, Any] = {"raw": [answer.response]} | ({"reasoning_trace": [think]} if think else {})
    read = {
        "turn_idx": 0,
        "source": "output.raw",
        "extracted_value": answer.extracted or "",
        "extraction_method": f"koreason {evaluation.scores['profile']}: {answer.rule}",
        "is_terminal": True,
    }
    return {
        "schema_version": f"instance_level_eval_{SCHEMA}",
        "evaluation_id": identity(evaluation),
        "model_id": f"local/{evaluation.name}",
        "evaluation_name": evaluation.bench,
        "sample_id": answer.item.id if evaluation.scores["repeats"] == 1 else f"{answer.item.id}#{answer.repeat}",
        "sample_hash": hashlib.sha256((answer.prompt + answer.item.gold).encode()).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": answer.prompt, "reference": [answer.item.gold]}
        | ({"choices": answer.item.options} if answer.item.options else {}),
        "output": output,
        "answer_attribution": [read],
        "evaluation": {"score": float(answer.correct), "is_correct": answer.correct},
    }


def _version() -> str:
    try:
        return version("koreason")
    except Exception:  # run from a checkout, which is installed nowhere
        return "unreleased"
