"""Messages to tokens: the prompt as at inference, then what the student is to produce, each tokenized by itself.

    renderer = Renderer(read_tokenizer(Path("results/bases/smollm2-135m")))
    renderer.encode([[{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "<think>..</think>2"}]])

The assistant's turn is never passed through the chat template, since some templates cut thinking out of it (Qwen3) or open it
in their generation prompt (DeepSeek-R1): the template gives the prompt and the end of a turn, and our text goes in between.
"""

import functools
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from koreason.errors import UserError

Messages = list[dict[str, str]]
PROBE = "koreason"  # an answer that no template has a reason to change


class Unfit(Exception):
    """Why messages cannot be trained on; its text is the drop reason."""


def read_tokenizer(base: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a folder in Hugging Face's layout.

    Raises:
        UserError: there is none, or it has no chat template.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(base, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"holds no tokenizer that can be read ({error})", base) from None
    if not tokenizer.chat_template:
        raise UserError("its tokenizer has no chat template", base, "name a base with one as its `tokenizer`")
    return tokenizer


class Renderer:
    """Turns messages into tokens with one tokenizer and its chat template."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self.special = frozenset(tokenizer.all_special_ids)

    @functools.cached_property
    def turn_end(self) -> list[int]:
        """Tokens with which the assistant ends its turn, up to the special one at which generation stops.

        Raises:
            UserError: the template shows none and the tokenizer has no end-of-text token either.
        """
        messages = [{"role": "user", "content": PROBE}, {"role": "assistant", "content": PROBE}]
        text: str = self.tokenizer.apply_chat_template(messages, tokenize=False)
        tokens = self._tokens([text.rpartition(PROBE)[2]])[0]
        stops = [place for place, token in enumerate(tokens) if token in self.special]
        if stops:
            return tokens[: stops[0] + 1]
        if self.tokenizer.eos_token_id is None:
            raise UserError("shows no end of an assistant's turn", "chat template", "the tokenizer needs an eos_token")
        return [self.tokenizer.eos_token_id]

    def encode(self, conversations: list[Messages]) -> list[tuple[list[int], list[int]] | Unfit]:
        """Tokens of each prompt and of each completion, or why there are none."""
        texts = [self._texts(messages) for messages in conversations]
        fit = [text for text in texts if not isinstance(text, Unfit)]
        prompts = iter(self._tokens([prompt for prompt, _ in fit]))
        completions = iter(self._tokens([completion for _, completion in fit]))
        return [text if isinstance(text, Unfit) else self._join(next(prompts), next(completions)) for text in texts]

    def _join(self, prompt: list[int], completion: list[int]) -> tuple[list[int], list[int]] | Unfit:
        if self.special.intersection(completion):
            return Unfit("special token in the answer")
        return prompt, completion + self.turn_end

    def _tokens(self, texts: list[str]) -> list[list[int]]:
        # The template has written the special tokens already.
        ids: Any = self.tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
        return list(ids)

    def _texts(self, messages: Messages) -> tuple[str, str] | Unfit:
        """Text of the prompt and of the completion."""
        if not messages or messages[-1]["role"] != "assistant":
            return Unfit("no answer")
        answer = messages[-1]["content"]
        if not answer.strip():
            return Unfit("empty answer")
        try:
            prompt: str = self.tokenizer.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True)
        except (TemplateError, ValueError, TypeError, KeyError, IndexError):
            return Unfit("refused by the chat template")
        return prompt, _without_overlap(prompt, answer)


def _without_overlap(prompt: str, answer: str) -> str:
    """The answer without the opening of its thinking, where the generation prompt has written that already."""
    opening = prompt.rstrip().endswith("<think>") and answer.lstrip().startswith("<think>")
    if not opening:
        return answer
    answer = answer.lstrip().removeprefix("<think>")
    return answer.removeprefix("\n") if prompt.endswith("\n") else answer
