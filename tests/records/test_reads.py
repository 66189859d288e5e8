"""A file of a manifest is opened through `koreason.records.held` only: held to where the code could go around it."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "koreason"
# Calls that read tables, arrays, tensors and tokenizers, and the places that may make them, with what they are given.
READERS = (
    "scan_parquet",
    "read_parquet",
    "read_parquet_schema",
    "scan_ndjson",
    "read_ndjson",
    "read_ipc",
    "scan_ipc",
    "load_file",
    "safe_open",
)
READERS += ("from_pretrained", "load_from_disk", "memmap", "ParquetFile")
UNDERSTOOD = {
    "tables.py": "what `held` gives out",
    "report/metrics.py": "what `held` gives out",
    "train/decoder/weights.py": "what `held` gives out",
    "engine/prompts/rendering.py": "a folder that `held` has looked at whole",
    "train/steps/states.py": "checkpoints, whose digests were held before",
    "intake/arrow.py": "files of strangers, whose digests the configuration has, or the hub's commit",
    "curate/decontaminate.py": "what `held` gives out",
    "curate/overlap/sealed.py": "sealed benchmarks, whose digests the pool has",
    "archive/differing.py": "two runs held side by side and shown, and nothing is made of it",
    "ops/lineage/places.py": "looked into and shown, and nothing is made of it",
    "curate/reading/hub.py": "files of data sets at their commit",
    "bases/convert.py": "a package's file, whose digest the catalogue has",
}


def calls() -> Iterator[tuple[str, str, int]]:
    """(file, name, line) of every call, and of what is imported from the module that reads manifests."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.func if isinstance(node, ast.Call) else None
            if isinstance(name, ast.Attribute | ast.Name):
                called = name.attr if isinstance(name, ast.Attribute) else name.id
                yield str(path.relative_to(PACKAGE)), called, name.lineno


def test_only_known_places_read_tables_arrays_and_tensors() -> None:
    found = [(file, name, line) for file, name, line in calls() if name in READERS and file not in UNDERSTOOD]
    found = [
        (file, name, line) for file, name, line in found if not file.startswith(("evaluate/benches", "benches/"))
    ]  # files known by their digest
    assert not found, f"read what `koreason.records.held` gives out, and add the place with its reason: {found}"
    assert set(UNDERSTOOD) <= {file for file, name, _ in calls() if name in READERS}, "a place that reads nothing any more"


def test_only_records_read_manifests() -> None:
    shows = "ops/lineage/life.py"  # tells of what is broken, too
    found = [(file, line) for file, name, line in calls() if name == "read_manifest" and not file.startswith(("records/", shows))]
    assert not found, f"take `koreason.records.held.held`, which also looks at the files: {found}"
