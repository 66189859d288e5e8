"""The one adapter to vLLM: requests in, answers out in completion order.

    generator = Generator(Path("results/bases/qwen3-32b"), sampling, engine)
    for answer in generator.answers(requests):
        ...

Requests are fed as places in the engine become free, so a stream of millions needs no memory. What an answer is depends
on its request alone (messages, prefill, sampling, seed), not on what runs beside it: exactly so in float32. An answer is
drawn in segments with a seed each; `on_segment` hears of each, and a request that carries its first segments continues
after them as if it had never stopped.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from koreason import imports
from koreason.engine.spec import Engine, Sampling
from koreason.errors import UserError

log = logging.getLogger(__name__)

THINK_CLOSE = "</think>"
# Shortest and longest pattern, in tokens, whose repetition ends an answer.
PATTERN = (3, 40)

# A character is at most this many bytes, and so tokens.
CHARACTER_BYTES = 4
# What an answer is in the middle of, or how it ended.
Phase = Literal["think", "answer", "stop", "length", "repetition"]
OPEN = ("think", "answer")


@dataclass(frozen=True)
class Segment:
    """Token ids drawn (or forced, where thinking was closed) in one go, and what comes after them."""

    tokens: tuple[int, ...]
    then: Phase


@dataclass(frozen=True)
class Request:
    """One answer to draw.

    Attributes:
        key: identifies it among the requests in flight.
        messages: chat turns with `role` and `content`, rendered by the model's own template.
        prefill: text that the model's turn starts with.
        seed: of this answer, 0 or more.
        begun: segments that an earlier run already drew.
    """

    key: str
    messages: list[dict[str, str]]
    prefill: str
    seed: int
    begun: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes:
        text: what the model said, the request's prefill included.
        finish: `stop` (complete), `length`, `repetition`, or `refused:prompt_too_long`.
        prompt_tokens: of the rendered prompt, prefill included.
        tokens: drawn, without prompt and prefill.
    """

    key: str
    text: str
    finish: str
    prompt_tokens: int
    tokens: int


@dataclass
class _Live:
    request: Request
    prompt: list[int]
    limit: int
    drawn: list[int]
    segments: int
    phase: Phase
    thought: int


class Generator:
    """A loaded engine.

    Attributes:
        drawn_tokens: tokens drawn since the start, those of earlier runs not counted.
        seconds: spent in `answers`.
        start_seconds: spent loading.
    """

    def __init__(self, model: Path, sampling: Sampling, engine: Engine) -> None:
        self.sampling, self.limits = sampling, engine
        self.drawn_tokens, self.seconds = 0, 0.0
        started = time.monotonic()
        self._engine = _start(model, engine)
        self._tokenizer = self._engine.get_tokenizer()
        self.start_seconds = time.monotonic() - started
        if not self._tokenizer.chat_template:
            raise UserError("its tokenizer has no chat template", model, "choose an instruction-tuned model")
        self._ends = _end_tokens(model, self._tokenizer)
        self._think_end: tuple[int, ...] = ()
        if sampling.stop and sampling.think_tokens is None:
            raise UserError(
                "stop needs think_tokens, without which the thinking could hold a stop string too", "sampling", "give both or neither"
            )
        if sampling.think_tokens is not None:
            if THINK_CLOSE not in (sampling.think_end or ""):
                raise UserError(
                    f"think_tokens needs a think_end that holds {THINK_CLOSE}", "sampling", "give the text that closes the thinking"
                )
            self._think_end = tuple(self._tokenizer.encode(sampling.think_end, add_special_tokens=False))

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
                    state = self._admit(request)
                    if isinstance(state, Answer):
                        yield state
                    elif state.phase not in OPEN:
                        yield self._answer(state)
                    else:
                        live[request.key] = state
                        self._draw(state)
                if not live:
                    return
                for output in self._engine.step():
                    if not output.finished:
                        continue
                    state = live[output.request_id]
                    segment = self._segment(state, output.outputs[0])
                    self._extend(state, segment)
                    if on_segment:
                        on_segment(output.request_id, segment)
                    if state.phase in OPEN:
                        self._draw(state)
                    else:
                        del live[output.request_id]
                        yield self._answer(state)
                if on_step:
                    on_step()
        finally:
            self.seconds += time.monotonic() - started
            if live:  # the caller stopped early: the engine must not carry these into the next call
                self._engine.abort_request(list(live))

    def _admit(self, request: Request) -> "_Live | Answer":
        text = self._tokenizer.apply_chat_template(request.messages, add_generation_prompt=True, tokenize=False) + request.prefill
        prompt = list(self._tokenizer.encode(text, add_special_tokens=False))
        left = self.limits.max_model_len - len(prompt)
        limit = left if self.sampling.max_tokens is None else self.sampling.max_tokens
        if not 0 < limit <= left:
            return Answer(request.key, request.prefill, "refused:prompt_too_long", len(prompt), 0)
        first: Phase = "answer" if self.sampling.think_tokens is None else "think"
        state = _Live(request, prompt, limit, [], 0, first, 0)
        for segment in request.begun:
            self._extend(state, segment)
        return state

    def _draw(self, state: _Live) -> None:
        from vllm import SamplingParams, TokensPrompt
        from vllm.sampling_params import RepetitionDetectionParams, RequestOutputKind

        sampling, thinking = self.sampling, state.phase == "think"
        room = state.limit - len(state.drawn)
        if thinking:
            room = min(room, (sampling.think_tokens or 0) - state.thought)
        stop = [THINK_CLOSE] if thinking else sampling.stop
        repeats = sampling.max_repeats
        parameters = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            min_p=sampling.min_p,
            seed=_segment_seed(state.request.seed, state.segments),
            max_tokens=min(room, sampling.segment_tokens),
            stop=stop,
            include_stop_str_in_output=True,
            detokenize=bool(stop),  # only the search for a stop string needs text
            output_kind=RequestOutputKind.FINAL_ONLY,
            repetition_detection=RepetitionDetectionParams(PATTERN[1], PATTERN[0], repeats) if repeats else None,
        )
        self._engine.add_request(state.request.key, TokensPrompt(prompt_token_ids=state.prompt + state.drawn), parameters)

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
        elif thinking and state.thought + len(tokens) >= (self.sampling.think_tokens or 0):
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


def _segment_seed(seed: int, segment: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{segment}".encode()).digest()[:4], "big") >> 1


def _end_tokens(model: Path, tokenizer: Any) -> set[int]:
    """Tokens that end the model's turn: the tokenizer's own and those of the generation configuration."""
    ends = {tokenizer.eos_token_id}
    path = model / "generation_config.json"
    if path.is_file():
        configured = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id", [])
        ends |= set(configured if isinstance(configured, list) else [configured])
    return ends - {None}


def _start(model: Path, engine: Engine) -> Any:
    """Load the model into vLLM.

    Raises:
        UserError: the folder holds no model.
    """
    if not (model / "config.json").is_file():
        raise UserError("there is no model", model, "run `snakemake bases`, or correct the entry in `bases`")
    # One engine process with one thread: vLLM's results do not depend on batch and order, but they may on thread count.
    os.environ.update(HF_HUB_OFFLINE="1", VLLM_ENABLE_V1_MULTIPROCESSING="0", VLLM_NO_USAGE_STATS="1")
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")  # Snakemake sets them to the threads that the job asked for
    os.environ.update(VLLM_CPU_KVCACHE_SPACE=str(engine.kv_cache_gib), VLLM_CPU_OMP_THREADS_BIND="nobind")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    with imports.many():
        from vllm import EngineArgs, LLMEngine
        from vllm.platforms import current_platform

    cpu = current_platform.is_cpu()
    log.info("loading %s on %s", model, "CPU" if cpu else "GPU")
    return LLMEngine.from_engine_args(
        EngineArgs(
            model=str(model),
            dtype=engine.dtype,
            seed=0,
            max_model_len=engine.max_model_len,
            max_num_seqs=engine.max_num_seqs,
            tensor_parallel_size=engine.tensor_parallel,
            gpu_memory_utilization=engine.gpu_memory_utilization,
            quantization=engine.quantization,
            enforce_eager=cpu,
            block_size=32 if cpu else None,
            # On CPU a seeded request must not be prefilled in parts: vLLM would rewind a generator that cannot be rewound.
            enable_chunked_prefill=False if cpu else None,
            max_num_batched_tokens=max(8192, engine.max_model_len) if cpu else None,
            enable_prefix_caching=True,  # a segment starts where the one before left its keys and values
            trust_remote_code=False,
            disable_log_stats=True,
        )
    )
