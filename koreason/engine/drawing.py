"""Draw answers, each paid for once: the loop of journal, engine and signals that `trace` and `generate` share.

    model = Model.read(manifest, prefill, sampling, engine)
    requests = [model.request(messages, seed), ...]
    rows, facts = draw(requests, model, Path("results/evals/.../journal"), WHOLE, Notice())

A request is known by a digest of all that decides its answer, so a row of the journal is taken exactly where the same
model would be asked the same thing in the same way. Other weights in the same folder are another model: the rows of
the former one stay in the journal, unused.
"""

import logging
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from koreason import progress
from koreason.engine.generator import Generator, Request
from koreason.engine.journal import Journal
from koreason.engine.signals import Interrupted, Notice
from koreason.engine.spec import Engine, Sampling
from koreason.manifest import digest, read_manifest

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Model:
    """A model that answers, and how.

    Attributes:
        folder: its files.
        files: digest of what its manifest says of them.
        prefill: text that each of its turns starts with.
    """

    folder: Path
    files: str
    prefill: str
    sampling: Sampling
    engine: Engine

    @classmethod
    def read(cls, manifest: Path, prefill: str, sampling: Sampling, engine: Engine) -> "Model":
        """The model that `manifest`, or the one in that folder, describes.

        Raises:
            UserError: there is none.
        """
        folder = manifest if manifest.is_dir() else manifest.parent
        return cls(folder, digest(read_manifest(manifest)["files"]), prefill, sampling, engine)

    @cached_property
    def generator(self) -> Generator:
        """Its engine, which is started when it is first asked for and serves all that follows."""
        return Generator(self.folder, self.sampling, self.engine)

    def request(self, messages: list[dict[str, str]], seed: int) -> Request:
        """Ask for one answer; its key is a digest of everything that decides it.

        Of the engine's options only the numbers' precision is among it, and the model's length where no `max_tokens` bounds the answer:
        the others change no float32 result.
        """
        # what is not set is left out, so that an option added later does not orphan the answers that were drawn without it
        sampling = {name: value for name, value in asdict(self.sampling).items() if value is not None}
        # "teacher" is any model: journals hold keys that were made under this name
        decides: dict[str, Any] = {"prefill": self.prefill, "sampling": sampling, "teacher": self.files}
        decides |= {"dtype": self.engine.dtype, "quantization": self.engine.quantization, "messages": messages, "seed": seed}
        if self.sampling.max_tokens is None:
            decides["max_model_len"] = self.engine.max_model_len
        return Request(digest(decides), messages, self.prefill, seed)


def draw(requests: list[Request], model: Model, folder: Path, shard: str, notice: Notice) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Draw what the journal lacks into it; the engine is started only when something is missing.

    Returns:
        The journal's row of each request, and facts for `run.json`. From then on a signal no longer ends the process:
        what is left to do takes less time than another start.

    Raises:
        Interrupted: a signal came first; everything drawn is in the journal.
    """
    journal = Journal(folder, shard)
    facts: dict[str, Any] = {"from_journal": 0, "engine_tokens": 0, "torn_bytes": journal.torn}
    try:
        _draw_missing(requests, model, journal, notice, facts)
        return [journal.rows[request.key] for request in requests], facts
    except Interrupted:
        kept = sum(request.key in journal.rows for request in requests)
        message = "told to end by %s: %d tokens drawn, %d of %d answers are in the journal; run again to go on"
        log.warning(message, notice.told, facts["engine_tokens"], kept, len(requests))
        raise
    finally:
        journal.close()


def _draw_missing(requests: list[Request], model: Model, journal: Journal, notice: Notice, facts: dict[str, Any]) -> None:
    limit = model.engine.max_model_len
    done = {key for key, row in journal.rows.items() if not row["finish"].startswith("refused") or row["limit"] == limit}
    missing = [request for request in requests if request.key not in done]
    # answers that were begun come first: they are the long ones, and the journal holds them open
    missing.sort(key=lambda request: request.key not in journal.begun)
    todo = [Request(r.key, r.messages, r.prefill, r.seed, journal.begun.get(r.key, ())) for r in missing]
    facts["from_journal"] = len(requests) - len(todo)
    begun = sum(bool(request.begun) for request in todo)
    log.info("%d answers: %d in the journal, %d to draw (%d of them begun)", len(requests), facts["from_journal"], len(todo), begun)
    if not todo:
        notice.hold()
        return
    try:
        runs = "generator" in vars(model)
        generator = model.generator
        tokens, seconds = generator.drawn_tokens, generator.seconds  # for other journals
        notice.hold()

        def on_step() -> None:
            facts["engine_tokens"] = generator.drawn_tokens - tokens
            journal.sync_when_due()
            notice.check()

        with progress.bar(total=len(todo), what="answers", unit="answer") as bar:
            for answer in generator.answers(todo, journal.add_segment, on_step):
                journal.add_row(answer, limit)
                bar.update()
    except Exception as error:
        # a signal to the whole job also ends the engine's workers, and then the engine fails first
        if notice.told:
            raise Interrupted from error
        raise
    facts |= {"engine_tokens": generator.drawn_tokens - tokens, "engine_seconds": generator.seconds - seconds}
    facts["start_seconds"] = 0.0 if runs else generator.start_seconds
    facts["tokens_per_second"] = facts["engine_tokens"] / max(facts["engine_seconds"], 1e-9)
