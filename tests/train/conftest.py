"""Fixtures of the tests of training: tiny bases, and scripts of checks that share one start of the engine's libraries."""

import json
from functools import cache
from pathlib import Path

import pytest
from train_scripts import HERE, start


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with one tiny base per family, each with a manifest."""
    folder = tmp_path_factory.mktemp("bases")
    process = start(HERE / "tiny.py", folder)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return folder


@pytest.fixture(scope="session")
def checks(bases: Path, tmp_path_factory: pytest.TempPathFactory):
    """Call with a script and a number of ranks: the outcome of its checks, run once per session."""

    @cache
    def outcome(script: str, ranks: int) -> dict[str, str | None]:
        meet = tmp_path_factory.mktemp("meet") / "meet"
        processes = [
            start(HERE / script, bases, RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(ranks), MEET=str(meet))
            for rank in range(ranks)
        ]
        try:
            outputs = [process.communicate(timeout=400) for process in processes]
        finally:
            for process in processes:
                process.kill()
        found = [line[8:] for output, _ in outputs for line in output.splitlines() if line.startswith("RESULTS ")]
        assert len(found) == ranks, "\n".join(errors for _, errors in outputs)
        results: dict[str, str | None] = {}
        for line in found:
            for name, failure in json.loads(line).items():
                results[name] = results.get(name) or failure
        return results

    return outcome
