"""What others make of an archive: `bagit`, `roc-validator`, CycloneDX's and CITATION.cff's rules, and the profile's own questions.

They run in the environment `validators`, without a network.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from koreason.archive.gathered.packages import bill, licences, locked
from koreason.archive.told.citing import CFF, CODEMETA, codemeta, text_of
from koreason.config.files.layers import read_yaml
from koreason.home import environments
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


def test_bills_of_materials_and_citations_keep_to_their_schemas(home: Path, finished: Path, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    archive(finished, bag)
    packages = locked((home / "envs/vllm.lock").read_text())
    (tmp_path / "vllm.json").write_text(text_of(bill("vllm", packages.values(), 0, licences(environments() / "vllm"))))
    paths = [*sorted((bag / "data/sbom").glob("*.json")), *(bag / "data" / name for name in ("CITATION.cff", "codemeta.json"))]
    assert len(paths) == 3
    assert against_rules(home, *paths, tmp_path / "vllm.json") == {path.name: [] for path in (*paths, tmp_path / "vllm.json")}


def test_the_schemas_find_what_is_wrong(home: Path, tmp_path: Path) -> None:
    found = bill("data", locked((home / "envs/data.lock").read_text()).values(), 0, {})
    found["components"][0]["hashes"] = [{"alg": "SHA-257", "content": "0"}]
    (tmp_path / "bill.json").write_text(json.dumps(found))
    (tmp_path / "CITATION.cff").write_text((home / "CITATION.cff").read_text() + "doi: none yet\n")
    (tmp_path / "codemeta.json").write_text(json.dumps({"naem": "koreason"}))
    found = against_rules(home, *(tmp_path / name for name in ("bill.json", "CITATION.cff", "codemeta.json")))
    assert all(found.values()), found


def against_rules(home: Path, *paths: Path) -> dict[str, list[str]]:
    command = [home / "envs/run", "validators", "python", home / "tests/archive/rules.py", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_a_bill_of_materials_names_every_package_and_its_files(home: Path) -> None:
    packages = locked((home / "envs/data.lock").read_text())
    found = bill("data", packages.values(), 0, {"polars": "MIT"}, archived=[packages["polars"].digests[0]])
    assert {part["purl"] for part in found["components"]} >= {f"pkg:pypi/polars@{packages['polars'].version}"}
    assert len({part["bom-ref"] for part in found["components"]}) == len(packages) > 50
    [polars] = [part for part in found["components"] if part["name"] == "polars"]
    assert polars["hashes"] == [{"alg": "SHA-256", "content": packages["polars"].digests[0]}]
    assert all(part.get("hashes") or part["properties"] for part in found["components"])
    lines = (home / "envs/data.lock").read_text().count("--hash=sha256:")
    assert sum(len(package.digests) for package in packages.values()) == lines


def test_how_it_is_cited_stands_in_the_repository_twice_and_says_the_same(home: Path) -> None:
    assert (home / CODEMETA).read_text(encoding="utf-8") == text_of(codemeta(read_yaml(home / CFF)))
    with_doi = codemeta(read_yaml(home / CFF) | {"doi": "10.5281/zenodo.1"})
    assert with_doi["identifier"] == "https://doi.org/10.5281/zenodo.1" and with_doi["referencePublication"][0]["identifier"]
