"""What `koreason doctor` says of a machine: a laptop without Slurm, drivers, squashfuse, locks, quotas, limits."""

from pathlib import Path

import pytest
from slurm_texts import Programs

from koreason.cli import main
from koreason.ops.site import machine


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run in, with no program on the PATH but those that a test writes into `bin`."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("KOREASON_SITE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def program(folder: Path, name: str, prints: str, status: int = 0) -> None:
    path = folder / "bin" / name
    path.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{prints}\nEND\nexit {status}\n")
    path.chmod(0o755)


def test_a_laptop_has_no_errors_about_slurm(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if line.startswith("error")]
    said = {line[9:29].strip(): line for line in lines}
    assert "none here: runs start on this machine" in said["Slurm"] and "Slurm controller" not in said
    assert {"environment data", "environment vllm", "environment megatron", "machine", "NVIDIA driver", "disk", "file locks"} <= said.keys()


def test_a_site_file_or_slurm_makes_it_a_cluster(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(bare, "scontrol", "slurm 24.05")
    assert main(["doctor"]) == 2
    assert "error    Slurm programs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("prints", "state", "said"),
    [
        ("580.82.07, NVIDIA A100-SXM4-40GB, 40960 MiB", "ok", "1 cards, 580.82.07, NVIDIA A100-SXM4-40GB"),
        ("535.54.03, Tesla T4, 15360 MiB\n535.54.03, Tesla T4, 15360 MiB", "error", "the CUDA images need 580 or newer"),
    ],
)
def test_a_driver_is_held_against_what_the_images_need(bare: Path, prints: str, state: str, said: str) -> None:
    program(bare, "nvidia-smi", prints)
    found = machine.driver()
    assert found.state == state and said in found.finding


def test_quotas_of_both_kinds(bare: Path) -> None:
    program(bare, "quota", "Disk quotas for user me:\nFilesystem blocks quota limit grace\n/dev/sda1 900* 800 1000 6days")
    program(bare, "lfs", "/scratch 100* 90 95 - 3 0 0 -")
    found = [check for check in machine.filesystem(bare) if check.what == "quota"]
    assert [check.state for check in found] == ["error", "error"] and "exceeded on /dev/sda1" in found[0].finding


def test_locks_are_tried_where_results_go(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert next(check for check in machine.filesystem(bare) if check.what == "file locks").state == "ok"
    assert not list(bare.glob(".koreason-*"))

    def none(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", none)
    refused = next(check for check in machine.filesystem(bare) if check.what == "file locks")
    assert refused.state == "error" and "gives no locks" in refused.finding


def test_without_squashfuse_images_are_unpacked(bare: Path) -> None:
    program(bare, "apptainer", "APPTAINER_SUID_INSTALL=0\nLIBEXECDIR=/nowhere")
    assert machine.squashfuse().state == "warning"
    program(bare, "apptainer", "APPTAINER_SUID_INSTALL=1\nLIBEXECDIR=/nowhere")
    assert machine.squashfuse().state == "ok"


def test_limits_are_told(programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--init-site"]) == 0
    capsys.readouterr()
    main(["doctor"])
    said = capsys.readouterr().out
    assert "walltime of gpu" in said and "1440 minutes; longer jobs save" in said and "job limits" in said
