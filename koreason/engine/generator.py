"""The one adapter to vLLM: requests in, answers out in completion order.

    generator = Generator(Path("results/bases/qwen3-32b"), sampling, engine, renderer)
    for answer in generator.answers(requests):
        ...

Requests are fed as places in the engine become free, so a stream of millions needs no memory. What an answer is depends
on its request alone (messages, prefill, sampling, seed), not on what runs beside it: exactly so in float32. An answer is
drawn in segments with a seed each; `on_segment` hears of each, and a request that carries its first segments continues
after them as if it had never stopped. A request that the engine refuses twice is answered with its reason; where the
engine itself dies, `EngineFailed` says what it was drawing, and `restart` starts another.
"""

import gc
import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from koreason.engine.answers import ENGINE_ERROR, OPEN, TOO_LONG, Answer, EngineFailed, Phase, Request, Segment, told_by
from koreason.engine.device import on_cpu, prepare, watch
from koreason.engine.prompts.rendering import Renderer
from koreason.engine.spec import Engine, Sampling, check_sampling
from koreason.engine.thinking import CLOSE
from koreason.errors import UserError
from koreason.system import imports

log = logging.getLogger(__name__)

# Shortest and longest pattern, in tokens, whose repetition ends an answer.
PATTERN = (3, 40)

# A character is at most this many bytes, and so tokens.
CHARACTER_BYTES = 4
CANARY = "1 + 1 = ?"


@dataclass
class _Live:
    """An answer in the engine: `drawn` of `limit` tokens so far in `segments`, of which `thought` are thinking."""

    request: Request
    sampling: Sampling
    prompt: list[int]
    limit: int
    phase: Phase
    turn: int  # among all that the engine was given
    drawn: list[int] = field(default_factory=list)
    segments: int = 0
    thought: int = 0


class Generator:
    """A loaded engine.

    Attributes:
        drawn_tokens: tokens drawn since the start, those of earlier runs not counted.
        seconds: spent in `answers`.
        start_seconds: spent loading.
    """

    def __init__(self, model: Path, sampling: Sampling, engine: Engine, renderer: Renderer) -> None:
        check_sampling(sampling)
        self._model, self.sampling, self.limits, self._renderer = model, sampling, engine, renderer
        self.drawn_tokens, self.seconds, self._turns = 0, 0.0, 0
        started = time.monotonic()
        self._engine = _start(model, engine)
        self._tokenizer = self._engine.get_tokenizer()
        self.start_seconds = time.monotonic() - started
        self._ends = set(renderer.stops)
        self._think_end: tuple[int, ...] = ()
        if sampling.think_tokens is not None:
            self._think_end = tuple(self._tokenizer.encode(sampling.think_end, add_special_tokens=False))

    def restart(self, like: Request) -> None:
        """Start another engine in place of one that died, and see that it answers.

        Raises:
            EngineFailed: it does not answer a plain question asked as `like` is, either: it is not the request that it dies of.
        """
        started = time.monotonic()
        with suppress(Exception):  # where it runs in a process of its own, that may be gone, or hold the device's memory
            self._engine.engine_core.shutdown()
        self._engine = None
        gc.collect()
        self._engine = _start(self._model, self.limits)
        self.start_seconds += time.monotonic() - started
        self.answer_plainly(like)

    def answer_plainly(self, like: Request) -> None:
        """See that the engine answers a plain question asked as `like` is; counted nowhere.

        Raises:
            EngineFailed: it does not.
        """
        before, sampling = (self.drawn_tokens, self.seconds), self.sampling
        try:
            self.sampling = replace(sampling, max_tokens=1)
            list(self.answers([_canary(like)]))
        finally:
            self.sampling, (self.drawn_tokens, self.seconds) = sampling, before

    def answers(
        self,
        requests: Iterable[Request],
        on_segment: Callable[[str, Segment], None] | None = None,
        on_step: Callable[[], None] | None = None,
    ) -> Iterator[Answer]:
        """Draw all answers.

        `on_segment(key, segment)` is called before an answer goes on or is yielded, `on_step()` when everything that one
        step of the engine finished has been told: where it raises, no token that was counted is lost.
        """
        started, waiting = time.monotonic(), iter(requests)
        live: dict[str, _Live] = {}
        try:
            while True:
                while len(live) < self.limits.max_num_seqs and (request := next(waiting, None)) is not None:
                    state = self._taken(request, live)
                    if isinstance(state, Answer):
                        yield state
                    else:
                        live[request.key] = state
                if not live:
                    return
                for output in self._step(live):
                    if not output.finished:
                        continue
                    state = live[output.request_id]
                    segment = self._segment(state, output.outputs[0])
                    self._extend(state, segment)
                    if on_segment:
                        on_segment(output.request_id, segment)
                    if state.phase in OPEN:
                        self._go_on(state, live)
                    else:
                        del live[output.request_id]
                        yield self._answer(state)
                if on_step:
                    on_step()
        finally:
            self.seconds += time.monotonic() - started
            if live:  # the caller stopped early: the engine must not carry these into the next call
                self._engine.abort_request(list(live))

    def _step(self, live: dict[str, _Live]) -> list[Any]:
        """What one step of the engine finished."""
        try:
            outputs: list[Any] = self._engine.step()
        except Exception as error:
            raise _failed(live, live) from error
        return outputs

    def _go_on(self, state: _Live, live: dict[str, _Live]) -> None:
        try:
            self._draw(state)
        except Exception as error:  # it was taken before, so it is not the request
            raise _failed(live, live) from error

    def _taken(self, request: Request, live: dict[str, _Live]) -> "_Live | Answer":
        """The request in the engine, or its answer where that needs no engine or is a refusal."""
        said = ""
        for turn in range(2):
            try:
                state = self._admit(request)
                if isinstance(state, Answer):
                    return state
                if state.phase not in OPEN:
                    return self._answer(state)
                self._draw(state)
                return state
            except Exception as error:
                if type(error).__name__ == "EngineDeadError":
                    raise _failed([*live, request.key], live) from error
                if turn and not self._takes(_canary(request)):
                    raise  # it would take nothing: this is about the template, or a defect
                said = told_by(error)
        return Answer(request.key, request.prefill, ENGINE_ERROR, 0, 0, said)

    def _takes(self, request: Request) -> bool:
        """Whether the engine takes a request, which is then taken back."""
        try:
            state = self._admit(request)
            if isinstance(state, _Live):
                self._draw(state)
                self._engine.abort_request([request.key])
        except Exception:
            return False
        return True

    def _admit(self, request: Request) -> "_Live | Answer":
        prompt = list(request.prompt or self._renderer.prompt(request.messages, request.prefill).tokens)
        left = self.limits.max_model_len - len(prompt)
        sampling = request.sampling or self.sampling
        limit = left if sampling.max_tokens is None else sampling.max_tokens
        if not 0 < limit <= left:
            return Answer(request.key, request.prefill, TOO_LONG, len(prompt), 0)
        first: Phase = "answer" if sampling.think_tokens is None else "think"
        self._turns += 1
        state = _Live(request=request, sampling=sampling, prompt=prompt, limit=limit, phase=first, turn=self._turns)
        for segment in request.begun:
            self._extend(state, segment)
        return state

    def _draw(self, state: _Live) -> None:
        from vllm import SamplingParams, TokensPrompt
        from vllm.sampling_params import RepetitionDetectionParams, RequestOutputKind

        sampling, thinking = state.sampling, state.phase == "think"
        room = state.limit - len(state.drawn)
        if thinking:
            room = min(room, (sampling.think_tokens or 0) - state.thought)
        stop = [CLOSE] if thinking else sampling.stop
        repeats = sampling.max_repeats
        parameters = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            min_p=sampling.min_p,
            seed=_segment_seed(state.request.seed, state.segments),
            max_tokens=min(room, sampling.segment_tokens),
            stop=stop,
            stop_token_ids=sorted(self._ends),
            include_stop_str_in_output=True,
            detokenize=bool(stop),  # only the search for a stop string needs text
            output_kind=RequestOutputKind.FINAL_ONLY,
            repetition_detection=RepetitionDetectionParams(PATTERN[1], PATTERN[0], repeats) if repeats else None,
        )
        # Where memory does not hold all answers in flight, one goes on before a later one begins: its keys and values are still there.
        prompt = TokensPrompt(prompt_token_ids=state.prompt + state.drawn)
        self._engine.add_request(state.request.key, prompt, parameters, priority=state.turn)

    def _segment(self, state: _Live, output: Any) -> Segment:
        """What one engine call drew, and what comes after it."""
        tokens, thinking, reason = tuple(output.token_ids), state.phase == "think", output.finish_reason
        self.drawn_tokens += len(tokens)
        if self._ends & set(tokens[-1:]) or (reason == "stop" and not thinking):
            return Segment(tokens, "stop")
        if reason == "repetition":
            return Segment(tokens, "repetition")
        then = state.phase
        if thinking and reason == "stop":
            then = "answer"
        elif thinking and state.thought + len(tokens) >= (state.sampling.think_tokens or 0):
            tokens, then = self._whole_text(tokens) + self._think_end, "answer"
        return Segment(tokens, "length" if len(state.drawn) + len(tokens) >= state.limit else then)

    def _whole_text(self, tokens: tuple[int, ...]) -> tuple[int, ...]:
        """Tokens without those at the end that hold only part of a character, as where thinking was cut off."""
        for end in range(len(tokens), max(0, len(tokens) - CHARACTER_BYTES), -1):
            if not self._tokenizer.decode(tokens[:end]).endswith("\ufffd"):
                return tokens[:end]
        return tokens

    def _extend(self, state: _Live, segment: Segment) -> None:
        state.drawn += segment.tokens
        state.segments += 1
        state.thought += len(segment.tokens) if state.phase == "think" else 0
        state.phase = segment.then

    def _answer(self, state: _Live) -> Answer:
        drawn = state.drawn[:-1] if self._ends & set(state.drawn[-1:]) else state.drawn
        # special tokens are kept: some tokenizers count <think> among them
        text = state.request.prefill + self._tokenizer.decode(drawn, skip_special_tokens=False)
        return Answer(state.request.key, text, state.phase, len(state.prompt), len(state.drawn))


def _failed(in_flight: Iterable[str], live: dict[str, _Live]) -> EngineFailed:
    """What to raise of a dead engine; nothing is live in it any more."""
    keys = list(in_flight)
    live.clear()
    return EngineFailed(keys)


def _canary(like: Request) -> Request:
    """A plain question in the form of another one."""
    messages = [{**message, "content": CANARY} for message in like.messages]
    return Request("canary", messages, like.prefill, 0)


def _segment_seed(seed: int, segment: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{segment}".encode()).digest()[:4], "big") >> 1


def _start(model: Path, engine: Engine) -> Any:
    """Load the model into vLLM.

    Raises:
        UserError: the folder holds no model.
    """
    if not (model / "config.json").is_file():
        raise UserError("there is no model", model, "run `snakemake bases`, or correct the entry in `bases`")
    arguments = prepare(engine)
    with imports.many():
        from vllm import EngineArgs, LLMEngine

    log.info("loading %s on %s", model, "CPU" if on_cpu() else "GPU")
    started = LLMEngine.from_engine_args(
        EngineArgs(
            model=str(model),
            dtype=engine.dtype,
            seed=0,
            max_model_len=engine.max_model_len,
            max_num_seqs=engine.max_num_seqs,
            tensor_parallel_size=engine.tensor_parallel,
            gpu_memory_utilization=engine.gpu_memory_utilization,
            quantization=engine.quantization,
            scheduling_policy="priority",
            enable_prefix_caching=True,  # a segment starts where the one before left its keys and values
            trust_remote_code=False,
            disable_log_stats=True,
            **arguments,
        )
    )
    watch(started)
    return started
