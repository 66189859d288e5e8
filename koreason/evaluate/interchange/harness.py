"""lm-evaluation-harness: a task that asks the same, and a log of samples as it writes them.

    files = lm_eval(evaluation)      # {"lm-eval/ko_math.yaml": …, "lm-eval/samples_ko_math_….jsonl": …}

The task's answers are held against the gold as text (`exact_match`), which is the harness's own scoring and not ours; the samples carry
ours.
"""

import hashlib
import json
from typing import Any

import yaml

from koreason.evaluate.interchange.finished import Finished, lines


def lm_eval(evaluation: Finished) -> dict[str, str]:
    """Its files by their names."""
    name, when = evaluation.bench, evaluation.ended.strftime("%Y-%m-%dT%H-%M-%S.%f")
    prompts = {answer.item.id: answer.prompt for answer in evaluation.answers}
    items = [{"id": item.id, "prompt": prompts[item.id], "gold": item.gold, "options": item.options} for item in evaluation.items]
    return {
        f"lm-eval/{name}.yaml": task(evaluation),
        f"lm-eval/{name}.jsonl": lines(items),
        f"lm-eval/samples_{name}_{when}.jsonl": lines(samples(evaluation)),
        f"lm-eval/results_{name}_{when}.json": json.dumps(results(evaluation), ensure_ascii=False, indent=1) + "\n",
    }


def task(evaluation: Finished) -> str:
    """The task as YAML: to be put into a folder that `--include_path` names, beside the items."""
    sampling = evaluation.asking.get("sampling", {})
    asked = {
        "task": f"koreason_{evaluation.bench}",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": f"{evaluation.bench}.jsonl"}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "{{gold}}",
        "generation_kwargs": {
            "do_sample": bool(sampling.get("temperature")),
            "temperature": sampling.get("temperature") or 0.0,
            "top_p": sampling.get("top_p") or 1.0,
            "max_gen_toks": sampling.get("max_tokens") or 32768,
            "until": sampling.get("stop") or [],
        },
        "repeats": evaluation.scores["repeats"],
        "filter_list": [
            {
                "name": "boxed",
                "filter": [
                    {"function": "regex", "regex_pattern": "\\\\boxed\\{([^{}]*)\\}", "group_select": -1},
                    {"function": "take_first"},
                ],
            }
        ],
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": evaluation.scores["version"]},
    }
    return yaml.safe_dump(asked, allow_unicode=True, sort_keys=False)


def samples(evaluation: Finished) -> list[dict[str, Any]]:
    """One object an item, with all of its repeats: what `--log_samples` writes."""
    found = []
    for number, (item, answers) in enumerate(evaluation.by_item()):
        doc = {"id": item.id, "question": item.question, "options": item.options or None, "gold": item.gold, "category": item.category}
        found.append(
            {
                "doc_id": number,
                "doc": doc,
                "target": item.gold,
                "arguments": {"gen_args_0": {"arg_0": answers[0].prompt, "arg_1": evaluation.asking.get("sampling", {})}},
                "resps": [[answer.response for answer in answers]],
                "filtered_resps": [answer.extracted or "" for answer in answers],
                "filter": evaluation.scores["profile"],
                "metrics": ["acc"],
                "doc_hash": _hash(json.dumps(doc, ensure_ascii=False)),
                "prompt_hash": _hash(answers[0].prompt),
                "target_hash": _hash(item.gold),
                "acc": sum(answer.correct for answer in answers) / len(answers),
            }
        )
    return found


def results(evaluation: Finished) -> dict[str, Any]:
    """The file of results beside the samples."""
    accuracy, name = evaluation.scores["accuracy"], evaluation.bench
    score = {"alias": name, "acc,none": accuracy["mean"], "acc_stderr,none": accuracy["se_over_items"]}
    return {
        "results": {name: score},
        "configs": {name: {"task": name, "repeats": evaluation.scores["repeats"], "metadata": {"version": evaluation.scores["version"]}}},
        "versions": {name: evaluation.scores["version"]},
        "n-samples": {name: {"original": evaluation.scores["items"], "effective": evaluation.scores["items"]}},
        "model_name": evaluation.name,
        "date": evaluation.ended.timestamp(),
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
