"""Exported models are read alike by transformers 4 and 5 and by vLLM: logits and tokens of each held against the others'."""

import json
import math

import pytest
from train_scripts import HERE, start

from koreason.pretrained.keys import FIXED, KEYS, WRAPPER

pytestmark = pytest.mark.slow

READERS = {"transformers 5": ("megatron", "transformers"), "transformers 4": ("interop", "transformers"), "vLLM": ("vllm", "vllm")}


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """What each reader makes of each model."""
    folder = tmp_path_factory.mktemp("exported")
    process = start(HERE / "readers.py", "write", folder)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    found = {}
    for name, (environment, reader) in READERS.items():
        process = start(HERE / "readers.py", reader, folder, environment=environment, HF_HUB_OFFLINE="1")
        output, errors = process.communicate(timeout=600)
        lines = [line[5:] for line in output.splitlines() if line.startswith("READ ")]
        assert lines, f"{name}: {errors}"
        found[name] = json.loads(lines[0])
    return found


@pytest.mark.parametrize("other", ["transformers 4", "vLLM"])
def test_logits_and_tokens_are_the_same(read, other):
    models = {name: one for name, one in read["transformers 5"].items() if name != "defaults"}
    assert models.keys() == KEYS.keys() - {WRAPPER}
    for name, (scores, tokens) in models.items():
        theirs, its_tokens = read[other][name]
        assert its_tokens == tokens, name
        assert len(theirs) == len(scores) == 119
        furthest = max(math.dist(mine, its) for mine, its in zip(scores, theirs, strict=True))
        assert furthest < 1e-3, (name, furthest)


@pytest.mark.parametrize("version", ["transformers 5", "transformers 4"])
def test_what_is_not_said_means_what_transformers_takes_it_for(read, version):
    for family in KEYS.keys() - {WRAPPER}:
        keys, said = KEYS[family], read[version]["defaults"][family]
        assert {key: said[key] for key in keys.defaults} == keys.defaults | {"head_dim": keys.defaults["head_dim"] or 8}, family
        fixed = FIXED | keys.fixed
        assert all(said[key] in fixed[key] for key in said.keys() & fixed.keys()), family
