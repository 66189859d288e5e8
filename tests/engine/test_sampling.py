"""Every field of `Sampling` reaches vLLM, or is handled by name: one that did neither would change every key and no answer."""

import dataclasses
import sys
import types
from pathlib import Path

import pytest
from played_tokenizer import Tokenizer

from koreason.engine import generator
from koreason.engine.generator import Generator, Request
from koreason.engine.prompts.rendering import Renderer
from koreason.engine.spec import Engine, Sampling

ENGINE = Engine(
    dtype="float32", max_model_len=512, max_num_seqs=1, tensor_parallel=1, kv_cache_gib=1, gpu_memory_utilization=0.5, quantization=None
)
FULL = Sampling(0.61, 0.93, 17, 0.03, 96, 20, think_tokens=50, think_end="</think>답: ", stop=["."], max_repeats=6)
# what becomes of the fields that vLLM does not take under their own name
HANDLED = {
    "segment_tokens": "max_tokens of each segment",
    "think_tokens": "max_tokens while thinking",
    "think_end": "forced when the thinking is cut off",
    "stop": "once the thinking is closed",
    "max_repeats": "repetition_detection",
}


class Vllm:
    """Records what is asked of the engine."""

    def __init__(self):
        self.asked = []

    def get_tokenizer(self):
        return Tokenizer()

    def add_request(self, key, prompt, parameters, priority=0):
        self.asked.append(vars(parameters))


@pytest.fixture
def engine(monkeypatch):
    played = Vllm()
    parameters = types.SimpleNamespace
    monkeypatch.setitem(sys.modules, "vllm", types.SimpleNamespace(SamplingParams=parameters, TokensPrompt=dict))
    inner = types.SimpleNamespace(
        RepetitionDetectionParams=lambda longest, shortest, count: count, RequestOutputKind=types.SimpleNamespace(FINAL_ONLY=None)
    )
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", inner)
    monkeypatch.setattr(generator, "_start", lambda *_: played)
    return played


def parameters(engine, sampling, thinking, own=None):
    """What vLLM is asked for the first segment, of the thinking or of what comes after it; `own` is the request's sampling."""
    made = Generator(Path(), sampling, ENGINE, Renderer(Tokenizer()))
    state = made._admit(Request("k", [{"role": "user", "content": "가"}], "", 1, sampling=own))
    state.phase = "think" if thinking else "answer"
    made._draw(state)
    return engine.asked[-1] | {"think_end": made._think_end}


def test_every_field_is_told_to_vllm_or_handled_by_name(engine):
    fields = {field.name for field in dataclasses.fields(Sampling)}
    first = {thinking: parameters(engine, FULL, thinking) for thinking in (True, False)}
    same = {name for name in fields - HANDLED.keys() if all(told.get(name) is not None for told in first.values())}
    assert same | HANDLED.keys() == fields, "hand it to SamplingParams in koreason/engine/generator.py, or say here what becomes of it"
    assert {tuple(told["stop_token_ids"]) for told in first.values()} == {tuple(Renderer(Tokenizer()).stops)}
    for name in ("temperature", "top_p", "top_k", "min_p"):
        assert {told[name] for told in first.values()} == {getattr(FULL, name)}


OTHERS = {
    "temperature": 0.5,
    "top_p": 0.5,
    "top_k": 5,
    "min_p": 0.5,
    "max_tokens": 7,
    "segment_tokens": 9,
    "think_tokens": 8,
    "think_end": "</think>",
    "stop": ["!"],
    "max_repeats": 9,
}


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Sampling)])
def test_another_value_asks_for_something_else(engine, name):
    other = dataclasses.replace(FULL, **{name: OTHERS[name]})
    before, after = ([parameters(engine, sampling, thinking) for thinking in (True, False)] for sampling in (FULL, other))
    assert before != after


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Sampling) if field.name != "think_end"])
def test_a_request_may_be_drawn_in_its_own_way(engine, name):
    """The text that closes the thinking is the generator's."""
    other = dataclasses.replace(FULL, **{name: OTHERS[name]})
    for thinking in (True, False):
        assert parameters(engine, FULL, thinking, own=other) == parameters(engine, other, thinking)
