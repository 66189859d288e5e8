"""An engine that is played, and dies of some prompts: it raises, as one in a process of its own, or ends the process that it is in.

    python tests/engine/dying_engine.py MANIFEST JOURNAL SIGSEGV QUESTION...     # draws answers, prints rows by question and facts

SECONDS in the environment is how long a step takes; SIGKILL-ALL kills the process group.

A question with 독 is what it dies of, one with 틀 it refuses. It draws a segment in two steps, from prompt and seed alone.
"""

import json
import os
import random
import signal
import sys
import time
import types
from collections import Counter
from pathlib import Path

import pytest
from played_tokenizer import Tokenizer, play

from koreason.engine import drawing
from koreason.engine import generator as generator_module
from koreason.engine.drawing import Model, draw
from koreason.engine.journals.journal import WHOLE
from koreason.engine.signals import Notice
from koreason.engine.spec import Engine, Sampling

ENGINE = Engine("float32", 512, 8, 1, 1, 0.5)
SAMPLING = Sampling(0.7, 0.9, 0, 0.0, max_tokens=40, segment_tokens=10)
POISON, WRONG = "독", "틀"


def raised():
    """How an engine in a process of its own dies: whoever waits for it is told."""
    raise RuntimeError("CUDA error: device-side assert triggered")


class Dying:
    """Dies in the second step of a poisoned prompt's second segment."""

    started = 0
    asked: Counter  # how often each wrong request was tried
    always = staticmethod(lambda steps: False)
    die = staticmethod(raised)

    def __init__(self):
        Dying.started += 1
        self.live, self.steps, self.dead = {}, 0, False

    def get_tokenizer(self):
        return Tokenizer()

    def add_request(self, key, prompt, parameters, priority=0):
        text = bytes(token for token in prompt["prompt_token_ids"] if token < 256)
        if WRONG.encode() in text:
            Dying.asked[key] += 1
            raise ValueError("a token that there is not")
        poisoned = POISON.encode() in text and any(token > 255 for token in prompt["prompt_token_ids"])
        self.live[key] = [2, poisoned, parameters, tuple(prompt["prompt_token_ids"])]

    def abort_request(self, keys):
        assert not self.dead
        for key in keys:
            self.live.pop(key, None)

    def step(self):
        assert not self.dead
        self.steps += 1
        time.sleep(float(os.environ.get("SECONDS", "0")))
        finished = []
        for key, state in list(self.live.items()):
            state[0] -= 1
            if state[0] == 0 and (state[1] or self.always(self.steps)):
                self.dead = True
                self.die()
            if state[0] == 0:
                _, _, parameters, prompt = self.live.pop(key)
                chance = random.Random(f"{prompt}{parameters.seed}")
                tokens = [256 + chance.randrange(99) for _ in range(parameters.max_tokens)]
                output = types.SimpleNamespace(token_ids=tokens, finish_reason="length")
                finished.append(types.SimpleNamespace(finished=True, request_id=key, outputs=[output]))
        return finished


def install(monkeypatch):
    """Let generators start it."""
    monkeypatch.setitem(sys.modules, "vllm", types.SimpleNamespace(SamplingParams=types.SimpleNamespace, TokensPrompt=dict))
    inner = types.SimpleNamespace(RepetitionDetectionParams=lambda *_: None, RequestOutputKind=types.SimpleNamespace(FINAL_ONLY=None))
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", inner)
    monkeypatch.setattr(generator_module, "_start", lambda *_: Dying())
    play(monkeypatch)
    monkeypatch.setattr("koreason.engine.poison.GRACE", 0.0)
    monkeypatch.setattr(Dying, "started", 0)
    monkeypatch.setattr(Dying, "asked", Counter(), raising=False)


def answered(teacher, folder, questions):
    """Rows by question, and the facts of the run."""
    model = Model.read(teacher, "<think>", SAMPLING, ENGINE)
    requests = [model.request([{"role": "user", "content": question}], seed) for seed, question in enumerate(questions)]
    rows, facts = draw(requests, model, folder, WHOLE, Notice())
    return dict(zip(questions, rows, strict=True)), facts


def questions(*bad):
    """Thirty plain ones, and others in their midst."""
    found = [f"{number}번 문제" for number in range(30)]
    for place, question in zip((3, 17, 24), bad, strict=False):
        found.insert(place, question)
    return found


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        install(patch)
        patch.setattr(drawing, "on_cpu", lambda: True)
        manifest, journal, name, *asked = sys.argv[1:]
        number, group = signal.Signals[name.removesuffix("-ALL")], name.endswith("-ALL")
        Dying.die = staticmethod(lambda: os.killpg(0, number) if group else os.kill(os.getpid(), number))
        print(json.dumps(answered(Path(manifest), Path(journal), asked)))
