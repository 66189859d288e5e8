"""The controller's job as it is written, and what becomes of it; the real Slurm is in tests/on_slurm."""

import shlex
from pathlib import Path

import pytest

from koreason.cli import main
from koreason.cluster.controller import script
from koreason.config.site import Partition, Site


def test_the_script_asks_for_little_and_starts_the_same_command(tmp_path: Path) -> None:
    site = Site(account="lab", cpu=Partition(partition="cpu", max_runtime=720))
    lines = script(site, ["--configfile", "my file.yaml", "models"], mail="me@example.org").splitlines()
    asked = dict(line.removeprefix("#SBATCH --").split("=", 1) for line in lines if line.startswith("#SBATCH"))
    assert (asked["account"], asked["partition"], asked["time"], asked["cpus-per-task"]) == ("lab", "cpu", "720", "1")
    assert (asked["mail-user"], asked["mail-type"]) == ("me@example.org", "END,FAIL") and "qos" not in asked
    assert shlex.split(lines[-1])[-5:] == ["--turn", "--", "--configfile", "my file.yaml", "models"]
    assert script(Site(), ["x"], minutes=1).count("--time=1\n") == 1 and "--time=1440" in script(Site(), ["x"])


@pytest.mark.parametrize(("options", "said"), [([], "lacks what it is to run"), (["--minutes", "0", "--", "models"], "0 is no walltime")])
def test_a_mistake_is_one_line(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "site.yaml").write_text("account: null\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOREASON_SITE", "site.yaml")
    assert main(["controller", *options]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / ".koreason").exists()
