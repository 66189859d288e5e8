"""What a model sees, and what ends its turn: decided here, for `trace`, `generate`, `pack` and what `train` exports.

    renderer = read_renderer(Path("results/bases/smollm2-135m"))
    renderer.prompt([{"role": "user", "content": "1+1?"}], prefill="<think>\\n").tokens
    renderer.turn_end, renderer.stops

Prompts are made by the model's own chat template. Control strings in messages are text (`controls.py`). A template that prints today's
date is told `DATE`, whatever day it is: the same prompt tomorrow is the same.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from koreason.engine.prompts.bounded import MEMORY, SECONDS, bounded, refuse_powers
from koreason.engine.prompts.controls import Controls
from koreason.engine.thinking import CLOSE, OPEN
from koreason.errors import UserError
from koreason.system import imports

Messages = list[dict[str, str]]

DATE = datetime(2024, 7, 26)  # Llama's templates name it where they are not told another
PROBE = "koreason"  # a message that no template has a reason to change
GENERATION = "generation_config.json"
WEIGHTS = ("*.safetensors", "*.safetensors.index.json")  # of no use here


class Refused(Exception):
    """The chat template refuses messages; its text says why."""


@dataclass(frozen=True)
class Prompt:
    """A rendered prompt.

    Attributes:
        text: as the template wrote it, prefill included.
        tokens: ids of it.
        as_before: whether these are the tokens that version 0.2.0 and before made of it, where control strings were not text.
    """

    text: str
    tokens: tuple[int, ...]
    as_before: bool = True


def read_tokenizer(folder: Path) -> Any:
    """Load the tokenizer of a folder in Hugging Face's layout.

    Raises:
        UserError: there is none, or it has no chat template.
    """
    with imports.many():  # here, so that `--help` answers without it
        from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"holds no tokenizer that can be read ({error})", folder) from None
    if not tokenizer.chat_template:
        raise UserError("its tokenizer has no chat template", folder, "choose an instruction-tuned model, or name one as `tokenizer`")
    return tokenizer


def read_renderer(folder: Path) -> "Renderer":
    """The renderer of a model's folder.

    Raises:
        UserError: there is no tokenizer with a chat template, or the template refuses a plain question.
    """
    path = folder / GENERATION
    try:
        configured = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id") if path.is_file() else None
    except (ValueError, AttributeError) as error:
        raise UserError(f"is no generation configuration ({error})", path) from None
    return Renderer(read_tokenizer(folder), configured if isinstance(configured, list) else [configured], str(folder))


class Renderer:
    """Makes prompts with one tokenizer and its chat template."""

    def __init__(self, tokenizer: Any, configured: Iterable[int | None] = (), name: str = "") -> None:
        self.tokenizer, self._name = tokenizer, name or "chat template"
        self._configured = frozenset(configured) - {None}

    @cached_property
    def _plain(self) -> str:
        """A question and its answer as the template writes them.

        Raises:
            UserError: it refuses them, or leaves the answer out.
        """
        question, answer = {"role": "user", "content": PROBE}, {"role": "assistant", "content": PROBE}
        try:
            with _refusing(), bounded(SECONDS, MEMORY):
                for template in self._templates:
                    refuse_powers(template)
            self.write([question])
            text = self.write([question, answer], asking=False)
        except Refused as error:
            raise UserError(f"its chat template refuses a plain question and its answer ({error})", self._name) from None
        if text.count(PROBE) < 2:
            raise UserError("its chat template leaves out what was asked or answered", self._name, "choose another model")
        return text

    @property
    def _templates(self) -> list[str]:
        template: Any = self.tokenizer.chat_template
        return list(template.values()) if isinstance(template, dict) else [template]

    @cached_property
    def controls(self) -> Controls:
        """The control tokens of its tokenizer and template."""
        return Controls(self.tokenizer, self._plain + self.write([{"role": "user", "content": PROBE}]))

    @cached_property
    def turn_end(self) -> list[int]:
        """Tokens with which the assistant ends its turn, up to the control token at which generation stops: what is taught.

        Raises:
            UserError: the template shows none and the tokenizer has no end-of-text token either.
        """
        [tokens] = self.tokens([self._plain.rpartition(PROBE)[2]])
        ends = [place for place, token in enumerate(tokens) if token in self.controls.ids - self.controls.thinking]
        if ends:
            return tokens[: ends[0] + 1]
        if self.tokenizer.eos_token_id is None:
            raise UserError("its chat template shows no end of an assistant's turn", self._name, "the tokenizer needs an eos_token")
        return [self.tokenizer.eos_token_id]

    @cached_property
    def stops(self) -> list[int]:
        """Tokens at which an answer ends: the taught one, the tokenizer's end of text, and those of the generation configuration."""
        return sorted({self.turn_end[-1], self.tokenizer.eos_token_id, *self._configured} - {None})

    def refuse_unfit(self, system: str | None) -> None:
        """Refuse a system prompt that the template does not show.

        Raises:
            UserError: it refuses one, or leaves it out.
        """
        self.turn_end  # noqa: B018  the template has to have one
        said = self.system_prompt if system else "shown"
        if said != "shown":
            raise UserError(f"a system prompt is {said} by its chat template", self._name, "set `system: null`, or choose another teacher")

    @cached_property
    def system_prompt(self) -> str:
        """What the template makes of one: `shown`, `left out`, or `refused` and why."""
        mark = PROBE.upper()
        try:
            written = self.write([{"role": "system", "content": mark}, {"role": "user", "content": PROBE}])
        except Refused as error:
            return f"refused ({error})"
        return "shown" if mark in written else "left out"

    @property
    def traits(self) -> dict[str, Any]:
        """What is to be known of the template before it is used, as plain values."""
        ends = [self.tokenizer.decode([token], skip_special_tokens=False) for token in self.stops]
        opens = self.write([{"role": "user", "content": PROBE}]).rstrip().endswith(OPEN)
        return {"system": self.system_prompt, "opens_thinking": opens, "turn_ends_at": ends}

    def prompt(self, messages: Messages, prefill: str = "") -> Prompt:
        """The prompt of one conversation.

        Raises:
            Refused: by the chat template.
        """
        [prompt] = self.prompts([(messages, prefill)])
        return prompt

    def prompts(self, asked: list[tuple[Messages, str]]) -> list[Prompt]:
        """Prompts of conversations, each with what the model's turn starts with.

        Raises:
            Refused: one of them, by the chat template.
        """
        written = [self._hidden(messages) for messages, _ in asked]
        starts = [without_overlap(text, prefill) for text, (_, prefill) in zip(written, asked, strict=True)]
        texts = [text + start for text, start in zip(written, starts, strict=True)]
        plain = iter(self.tokens([text for text in texts if not self.controls.hides(text)]))
        made = []
        for text, start, (_, prefill) in zip(texts, starts, asked, strict=True):
            if self.controls.hides(text):
                shown, tokens = self.controls.shown(text), self.controls.encode(text)
                same = start == prefill and tokens == self.tokens([shown])[0]
                made.append(Prompt(shown, tuple(tokens), as_before=same))
            else:
                made.append(Prompt(text, tuple(next(plain)), as_before=start == prefill))
        return made

    def replies(self, texts: list[str]) -> list[list[int]]:
        """Tokens of what the assistant is to say: the marks of thinking are marks, any other control string is text."""
        hidden = [self.controls.hidden(text, OPEN, CLOSE) for text in texts]
        plain = iter(self.tokens([text for text in hidden if not self.controls.hides(text)]))
        return [self.controls.encode(text) if self.controls.hides(text) else next(plain) for text in hidden]

    def tokens(self, texts: list[str]) -> list[list[int]]:
        """Tokens of texts in which control strings are control tokens; the template has written those already."""
        ids: Any = self.tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
        return [list(one) for one in ids]

    def write(self, messages: Messages, asking: bool = True) -> str:
        """What the template makes of messages, `asking` for an answer; control strings in them are not hidden.

        Raises:
            Refused: by the template.
        """
        with _refusing(), bounded(SECONDS, MEMORY):
            text: str = self.tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=asking, strftime_now=DATE.strftime
            )
        return text

    def _hidden(self, messages: Messages) -> str:
        # what the assistant said earlier was thought in these marks, and templates cut it at them
        kept = {"assistant": (OPEN, CLOSE)}
        return self.write(
            [{**message, "content": self.controls.hidden(message["content"], *kept.get(message["role"], ()))} for message in messages]
        )


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (
        TemplateError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        SyntaxError,
        RecursionError,
        MemoryError,
        TimeoutError,
    ) as error:
        raise Refused(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from error


def without_overlap(prompt: str, start: str) -> str:
    """What a turn starts with, without the opening of its thinking where the generation prompt has written that already."""
    if not (prompt.rstrip().endswith(OPEN) and start.lstrip().startswith(OPEN)):
        return start
    start = start.lstrip().removeprefix(OPEN)
    return start.removeprefix("\n") if prompt.endswith("\n") else start


def generation_config(base: dict[str, Any], stops: list[int]) -> dict[str, Any]:
    """The generation configuration of a model that was taught to end its turn: `base`'s, with all that an engine has to stop at."""
    return base | {"eos_token_id": stops[0] if len(stops) == 1 else stops}
