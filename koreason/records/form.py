"""The form of a manifest, which the next rule reads and Snakemake compares: part of a result, unlike all else about it.

text(described("clean", {"prompts.parquet": {"sha256": "…", "bytes": 9, "rows": 1}}, {"kept": 1}))
"""

import json
from typing import Any


def described(stage: str, files: dict[str, dict[str, Any]], counts: dict[str, Any]) -> dict[str, Any]:
    """What a stage made: its files with their digests, sizes and facts, and its counts."""
    return {"stage": stage, "files": files, "counts": counts}


def text(value: dict[str, Any]) -> str:
    """A sidecar's text: the same for the same value."""
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
