"""A run to publish from, made once for tests that only read it."""

from pathlib import Path

import pytest

from tests.publish.run_of_all import build


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run; nobody writes into it."""
    with pytest.MonkeyPatch.context() as patch:
        return build(tmp_path_factory.mktemp("publish") / "run", patch)
