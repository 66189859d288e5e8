"""How the tests of training start their programs."""

import os
import subprocess
from pathlib import Path

HERE = Path(__file__).parent / "inside"  # what runs in another environment than the tests
HOME = HERE.parents[2]


def start(*command: object, environment: str = "megatron", **variables: str) -> "subprocess.Popen[str]":
    """Start a Python program of the folder `inside` in one of the environments."""
    told = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "PYTHONPATH": f"{HERE}:{HERE.parents[1]}", **variables}
    line = [str(HOME / "envs" / "run"), environment, "python", *map(str, command)]
    return subprocess.Popen(line, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def names_of(script: str) -> list[str]:
    """Checks that a script defines."""
    return [line[4:].split("(")[0] for line in (HERE / script).read_text().splitlines() if line.startswith("def check_")]
