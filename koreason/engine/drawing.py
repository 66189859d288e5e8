"""Draw answers, each paid for once: the loop of journal, engine and signals that `trace` and `generate` share.

    model = Model.read(manifest, prefill, sampling, engine)
    requests = [model.request(messages, seed), ...]
    rows, facts = draw(requests, model, Path("results/evals/.../journal"), WHOLE, Notice())

A request is known by a digest of all that decides its answer, the tokens that the model sees among it, so a row of the
journal is taken exactly where the same model would be asked the same thing in the same way. Other weights in the same
folder are another model: the rows of the former one stay in the journal, unused.
"""

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from koreason import progress
from koreason.engine.answers import REFUSED, Request, Segment
from koreason.engine.apart import by_children, set_aside
from koreason.engine.device import on_cpu, prepare
from koreason.engine.generator import Generator
from koreason.engine.journals.journal import Journal
from koreason.engine.poison import drawn
from koreason.engine.prompts.rendering import WEIGHTS, Prompt, Refused, Renderer, read_renderer
from koreason.engine.signals import Interrupted, Notice
from koreason.engine.spec import Engine, Sampling
from koreason.errors import AGAIN
from koreason.records import attempts
from koreason.records.digests import digest
from koreason.records.held import Held, held
from koreason.records.staged import staged

log = logging.getLogger(__name__)

TEMPLATE = "chat_template"  # what files that hold nothing else begin with, and what it is called in the tokenizer's configuration
CONFIG = "tokenizer_config.json"
# What of an answer may ask for another one.
Again = Callable[[Request, dict[str, Any]], Request | None]


@dataclass(frozen=True)
class Model:
    """A model that answers, and how.

    Attributes:
        made: its files, looked at when the engine is started.
        files: digest of what its manifest says of them.
        weights: the same, but for the chat template, which decides nothing but prompts.
        prefill: text that each of its turns starts with.
    """

    made: Held
    files: str
    weights: str
    prefill: str
    sampling: Sampling
    engine: Engine
    _last: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def read(cls, manifest: Path, prefill: str, sampling: Sampling, engine: Engine) -> "Model":
        """The model that `manifest`, or the one in that folder, describes.

        Raises:
            UserError: there is none.
        """
        made = held(manifest)
        files = made.made["files"]
        weights = {name: fact for name, fact in files.items() if not name.startswith(TEMPLATE)}
        if rest := _without_template(made):
            weights[CONFIG] = rest
        return cls(made, digest(files), digest(weights), prefill, sampling, engine)

    @cached_property
    def generator(self) -> Generator:
        """Its engine, which is started when it is first asked for and serves all that follows.

        Raises:
            UserError: its files are not what its manifest says.
        """
        return Generator(staged(self.made), self.sampling, self.engine, self.renderer)

    @cached_property
    def renderer(self) -> Renderer:
        """What it is asked by; needs no engine.

        Raises:
            UserError: its files are not what its manifest says, or hold no chat template.
        """
        prepare(self.engine)  # a tokenizer's library imports what reads them, too
        return read_renderer(self.made.whole(*WEIGHTS))

    def request(self, messages: list[dict[str, str]], seed: int, sampling: Sampling | None = None) -> Request:
        """Ask for one answer, drawn by `sampling` where that is given; its key is a digest of everything that decides it.

        Of the engine's options only the numbers' precision is among it, and the model's length where no `max_tokens` bounds the answer:
        the others change no float32 result.
        """
        # what is not set is left out, so that an option added later does not orphan the answers that were drawn without it
        how = sampling or self.sampling
        set_ = {name: value for name, value in asdict(how).items() if value is not None}
        decides: dict[str, Any] = {"prefill": self.prefill, "sampling": set_, "seed": seed}
        decides |= {"dtype": self.engine.dtype, "quantization": self.engine.quantization}
        if how.max_tokens is None:
            decides["max_model_len"] = self.engine.max_model_len
        # "teacher" is any model: journals hold keys that were made under this name
        former = digest(decides | {"teacher": self.files, "messages": messages})
        prompt = self._prompt(messages)
        if prompt is None:  # nothing will be drawn of it
            return Request(former, messages, self.prefill, seed, sampling=sampling)
        key = digest(decides | {"model": self.weights, "prompt": prompt.tokens, "stops": self.renderer.stops})
        return Request(key, messages, self.prefill, seed, (), sampling, prompt.tokens, former if prompt.as_before else None)

    def _prompt(self, messages: list[dict[str, str]]) -> Prompt | None:
        """What the model sees, rendered once for all samples of it; None where its template refuses it."""
        if self._last.get("messages") != messages:
            try:
                self._last["prompt"] = self.renderer.prompt(messages, self.prefill)
            except Refused:
                self._last["prompt"] = None
            self._last["messages"] = messages
        last: Prompt | None = self._last["prompt"]
        return last


def _without_template(made: Held) -> str | None:
    """A digest of the tokenizer's configuration but for the chat template, which it holds in older layouts; None where it holds none."""
    if CONFIG not in made.names:
        return None
    try:
        told = json.loads(made.path(CONFIG).read_text(encoding="utf-8"))
        return digest({name: value for name, value in told.items() if name != TEMPLATE}) if TEMPLATE in told else None
    except (ValueError, AttributeError):
        return None  # whoever reads it will say so


def draw(
    requests: list[Request], model: Model, folder: Path, shard: str, notice: Notice, again: Again = lambda request, row: None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Draw what the journal lacks into it; the engine is started only when something is missing.

    `again` is asked of each answer, and may ask for another one, which then stands in its place unless it is refused.

    Returns:
        The journal's row of each request, and facts for `run.json`. From then on a signal no longer ends the process:
        what is left to do takes less time than another start.

    Raises:
        Interrupted: a signal came first; everything drawn is in the journal.
    """
    limit, journal = model.engine.max_model_len, Journal(folder, shard)
    set_aside(journal, model.prefill, limit, attempts.last())
    facts: dict[str, Any] = {}
    if journal.in_flight.suspects and on_cpu() and "generator" not in vars(model):
        journal.close()
        facts = by_children(
            lambda: _draw(requests, model, Journal(folder, shard), notice, again)[1],
            lambda: Journal(folder, shard),
            lambda journal, name: set_aside(journal, model.prefill, limit, {"signal": name}),
        )
        journal = Journal(folder, shard)
    rows, own = _draw(requests, model, journal, notice, again)
    return rows, own | facts


def _draw(
    requests: list[Request], model: Model, journal: Journal, notice: Notice, again: Again
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Draw in this process, and close the journal."""
    facts: dict[str, Any] = {"from_journal": 0, "engine_tokens": 0, "engine_deaths": []}
    rows: dict[str, dict[str, Any]] = {}
    try:
        rows |= _there(requests, journal, model.engine.max_model_len)
        journal.ask((rows[request.key]["key"] if request.key in rows else request.key for request in requests), all_of_it=False)
        _draw_missing(requests, model, journal, notice, rows, facts)
        others = {request.key: other for request in requests if (other := again(request, rows[request.key])) is not None}
        if others:
            notice.release()
            rows |= _there(list(others.values()), journal, model.engine.max_model_len)
            _draw_missing(list(others.values()), model, journal, notice, rows, facts)
        journal.ask((row["key"] for row in rows.values()), all_of_it=True)
        journal.in_flight.suspects.clear()  # those that nobody asks for any more
        facts |= journal.damage
        chosen = {key: other.key for key, other in others.items() if not rows[other.key]["finish"].startswith(REFUSED)}
        return [rows[chosen.get(request.key, request.key)] for request in requests], facts
    except Interrupted:
        kept = sum(request.key in rows for request in requests)
        print(file=sys.stderr)  # ends the line of a progress bar that was cut short
        message = "told to end by %s: %d tokens drawn, %d of %d answers are in the journal"
        log.warning(message, notice.told, facts["engine_tokens"], kept, len(requests))
        print(f"koreason: stopped: {kept} of {len(requests)} answers are in the journal; {AGAIN}", file=sys.stderr, flush=True)
        raise
    finally:
        if "generator" in vars(model):
            attempts.note(last=True, tokens=model.generator.drawn_tokens)
        journal.close()


def _draw_missing(
    requests: list[Request], model: Model, journal: Journal, notice: Notice, rows: dict[str, dict[str, Any]], facts: dict[str, Any]
) -> None:
    """Draw what is not among `rows` yet into the journal, and gather it there."""
    limit = model.engine.max_model_len
    todo = [replace(request, begun=_begun(request, journal)) for request in requests if request.key not in rows]
    # answers that were begun come first: they are the long ones, and the journal holds them open
    todo.sort(key=lambda request: not request.begun)
    facts["from_journal"] += len(requests) - len(todo)
    begun = sum(bool(request.begun) for request in todo)
    log.info("%d answers: %d in the journal, %d to draw (%d of them begun)", len(requests), len(requests) - len(todo), len(todo), begun)
    if not todo:
        notice.hold()
        return
    by_key = {request.key: request for request in todo}
    suspects = [[by_key.pop(key) for key in group if key in by_key] for group in journal.in_flight.suspects]
    groups = [list(by_key.values()), *filter(None, suspects)]
    try:
        runs = "generator" in vars(model)
        generator = model.generator
        # what it drew before this was for other journals, or is counted already
        tokens, seconds = generator.drawn_tokens - facts["engine_tokens"], generator.seconds - facts.get("engine_seconds", 0.0)
        notice.hold()

        def on_step() -> None:
            facts["engine_tokens"] = generator.drawn_tokens - tokens
            journal.sync_when_due()
            attempts.note(tokens=generator.drawn_tokens)
            notice.check()

        with progress.bar(total=len(todo), what="answers", unit="answer") as bar:
            for answer in drawn(groups, generator, journal, on_step, lambda: notice.told is not None, facts["engine_deaths"]):
                rows[answer.key] = journal.add_row(answer, limit)
                bar.update()
    except Exception as error:
        # a signal to the whole job also ends the engine's workers, and then the engine fails first
        if notice.told:
            raise Interrupted from error
        raise
    facts |= {"engine_tokens": generator.drawn_tokens - tokens, "engine_seconds": generator.seconds - seconds}
    facts.setdefault("start_seconds", 0.0 if runs else generator.start_seconds)
    facts["tokens_per_second"] = facts["engine_tokens"] / max(facts["engine_seconds"], 1e-9)


def _names(request: Request) -> list[str]:
    """The keys under which a journal may hold its answer."""
    return [request.key, request.former] if request.former else [request.key]


def _there(requests: list[Request], journal: Journal, limit: int) -> dict[str, dict[str, Any]]:
    """Answers that the journal has, each by its request's key or by the one of former versions."""
    names = ((request.key, name) for request in requests for name in reversed(_names(request)))
    return {key: row for key, name in names if (row := journal.row(name, limit)) is not None}


def _begun(request: Request, journal: Journal) -> tuple[Segment, ...]:
    """What was drawn of it; what a former version drew is noted under its key, so that the rest can follow upon it."""
    begun = journal.begun.get(request.key, ())
    if not begun and request.former:
        begun = journal.begun.get(request.former, ())
        for segment in begun:
            journal.add_segment(request.key, segment)
    return begun
