"""Stand-ins for the cluster's programs."""

from pathlib import Path

import pytest
from slurm_texts import Programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    found = Programs(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{found.folder}:/usr/bin:/bin")
    monkeypatch.setenv("KOREASON_SITE", str(tmp_path / "site.yaml"))
    monkeypatch.chdir(tmp_path)
    return found
