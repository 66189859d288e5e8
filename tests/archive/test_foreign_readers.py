"""What others make of an archive: `bagit`, `roc-validator`, CycloneDX's and CITATION.cff's rules, and the profile's own questions.

They run in the environment `validators`, without a network.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from koreason.archive.packages import bill, locked
from tests.archive.small_run import CHAIN, archive

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
# Open at roc-validator as issue 51: of a file in a folder it wants an absolute address.
KNOWN = "process-run-crate-0.5_5.1 "


def told(home: Path, bag: Path) -> dict[str, Any]:
    command = [home / "envs/run", "validators", "python", home / "tests/archive/foreign.py", bag]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_all_of_them(home: Path, finished: Path, tmp_path: Path) -> None:
    archive(finished, tmp_path / "bag")
    found = told(home, tmp_path / "bag")
    assert found["bag"] == []
    assert found["crate"]["published"] == []
    assert [line for line in found["crate"]["here"] if KNOWN not in line or "Snakefile" not in line] == []
    questions(found["answers"])


def questions(answers: dict[str, list[list[str]]]) -> None:
    """The profile's competency questions have the run's answers."""
    jobs, tries = len(CHAIN), len(CHAIN) + 2
    assert answers["workflow"][0][0] == "koreason" and answers["engine"] == [["Snakemake"]]
    assert answers["times"] == [["2026-09-21T14:13:20.000+00:00", "2026-09-21T14:22:10.000+00:00"]]
    assert {step for step, _ in answers["steps"]} == {stage for _, stage, _ in CHAIN}
    assert len(answers["took"]) == tries and len(answers["parameters"]) == tries
    assert len({action for action, _ in answers["read"]}) == jobs - 2, "all but the two that read dumps"
    digests = dict(answers["made"])
    [rows] = [name for name in digests if name.endswith("pools/small/rows.parquet")]
    assert len(digests[rows]) == 64
    lost, saved = sorted(error for _, error in answers["failed"])
    assert lost.startswith("exit status 75") and saved == "killed by SIGKILL"
    environments = [value for _, value in answers["environment"]]
    assert sum("lock with SHA-256" in value for value in environments) == tries and "405" in environments, "and Slurm's jobs"
    assert len(answers["agents"]) == 1 and answers["configuration"][0][0].endswith("config.json")
    assert any(source.endswith("trace") and target.endswith("select") for source, target in answers["flow"])


def test_a_flipped_byte_is_named_by_others_too(home: Path, finished: Path, tmp_path: Path) -> None:
    archive(finished, tmp_path / "bag", "--select", "logs")
    log = next((tmp_path / "bag/data/run/logs").rglob("*.log"))
    data = bytearray(log.read_bytes())
    data[0] ^= 1
    log.unlink()
    log.write_bytes(data)
    assert any(log.name in line for line in told(home, tmp_path / "bag")["bag"])


def test_a_bill_of_materials_is_what_cyclonedx_asks_for(home: Path) -> None:
    packages = locked((home / "envs/data.lock").read_text())
    found = bill("data", packages.values(), 0, {"polars": "MIT"})
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert {part["purl"] for part in found["components"]} >= {f"pkg:pypi/polars@{packages['polars'].version}"}
    assert len({part["bom-ref"] for part in found["components"]}) == len(packages) > 50
