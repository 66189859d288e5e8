"""What a model sees, and what ends its turn, over templates of our own and the tokenizers that are at hand."""

import ast
import json
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("check_rendering.py")
NAMES = [node.name for node in ast.parse(SCRIPT.read_text()).body if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")]


@cache
def outcome(home):
    words = [home / "envs" / "run", "megatron", "python", SCRIPT]
    path = os.pathsep.join(map(str, (home, SCRIPT.parent, SCRIPT.parents[1] / "train" / "inside")))
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "PYTHONPATH": path})
    found = [line[8:] for line in done.stdout.splitlines() if line.startswith("RESULTS ")]
    assert found, done.stderr
    return json.loads(found[0])


@pytest.mark.parametrize("name", NAMES)
def test_rendering(home, name):
    assert outcome(home)[name] is None, outcome(home)[name]
