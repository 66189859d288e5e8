"""Control strings in data are text: `<|im_end|>` in a question ends no turn.

    controls = Controls(tokenizer, written)      # `written`: what the chat template writes around a plain conversation
    hidden = controls.hidden(question)           # for the template to put where the question goes
    tokens = controls.encode(prompt)             # of what the template made of it

A tokenizer makes a control token of a mark wherever it stands. So marks in data are hidden from it while the template is filled in, and
the prompt is encoded by a copy of the tokenizer that knows its marks by names that nobody can guess: those of the template are renamed
before, those of the data are put back, and all of it passes through the same normalizer, splitting and merges at once. Where data has no
mark the ordinary tokenizer is asked, which gives the same tokens.
"""

import json
import re
import secrets
from functools import cached_property
from typing import Any

from koreason.engine.thinking import CLOSE, OPEN
from koreason.errors import UserError


class Controls:
    """A tokenizer's control tokens: the special ones, and others that the chat template writes, such as DeepSeek's marks of turns.

    Attributes:
        ids: all of them. The marks of thinking are among them only where the tokenizer calls them special.
        thinking: ids of those marks, where each is one token.
    """

    def __init__(self, tokenizer: Any, written: str) -> None:
        self._tokenizer = tokenizer
        added = {number: token for number, token in tokenizer.added_tokens_decoder.items() if token.content}
        self.thinking = frozenset(number for number, token in added.items() if token.content in (OPEN, CLOSE))
        self.ids = frozenset(n for n, t in added.items() if t.special or (n not in self.thinking and t.content in written))
        self._numbers = {added[number].content: number for number in self.ids}
        self._names = sorted(self._numbers, key=lambda name: (-len(name), name))
        # Nothing that is computed depends on it: both are gone before there are tokens. U+FDD0 to U+FDD3 are no characters.
        self._salt = secrets.token_hex(8)
        self._marks = re.compile("|".join(map(re.escape, self._names)) or r"(?!)")
        self._masks = re.compile(f"\ufdd0{self._salt}:(\\d+)\ufdd1")

    @property
    def every(self) -> str:
        """Text with each of the control strings."""
        return " ".join(self._names)

    def hidden(self, text: str, *keep: str) -> str:
        """Text with its control strings masked, but for `keep`; the text itself where it holds none."""
        return self._marks.sub(lambda found: found[0] if found[0] in keep else self._mask(found[0]), text)

    def hides(self, text: str) -> bool:
        """Whether something in it is masked."""
        return self._masks.search(text) is not None

    def shown(self, text: str) -> str:
        """Text with what is masked put back."""
        return self._masks.sub(lambda found: self._names[int(found[1])], text)

    def encode(self, text: str) -> list[int]:
        """Tokens of a prompt: its marks are control tokens, and what is masked in it is text."""
        marked = self._marks.sub(lambda found: self._secret(found[0]), text)
        return list(self._copy.encode(self.shown(marked), add_special_tokens=False).ids)

    def _mask(self, name: str) -> str:
        return f"\ufdd0{self._salt}:{self._names.index(name)}\ufdd1"

    def _secret(self, name: str) -> str:
        return f"\ufdd2{self._salt}:{self._numbers[name]}\ufdd3"

    @cached_property
    def _copy(self) -> Any:
        """The tokenizer with its control tokens renamed, their numbers kept.

        Raises:
            UserError: it is of a kind that has no such copy.
        """
        from tokenizers import Tokenizer

        backend, cannot = getattr(self._tokenizer, "backend_tokenizer", None), "its tokenizer cannot take a control string for text"
        if backend is None:
            raise UserError(f"{cannot}: it has no tokenizer.json", self._tokenizer.name_or_path, "choose another model")
        made = json.loads(backend.to_str())
        made |= {"truncation": None, "padding": None}
        for token in made["added_tokens"]:
            if token["content"] in self._numbers:
                token["content"] = self._secret(token["content"])
        # they stand in the vocabulary, too, where whole words are looked up (Llama 3) or pieces are chosen (SentencePiece)
        model = made["model"]
        if isinstance(model["vocab"], dict):
            model["vocab"] = {self._secret(name) if name in self._numbers else name: n for name, n in model["vocab"].items()}
        else:
            model["vocab"] = [[self._secret(name) if name in self._numbers else name, score] for name, score in model["vocab"]]
        if model.get("unk_token") in self._numbers:
            model["unk_token"] = self._secret(model["unk_token"])
        copy = Tokenizer.from_str(json.dumps(made))
        if any(copy.token_to_id(self._secret(name)) != number for name, number in self._numbers.items()):
            raise UserError(cannot, self._tokenizer.name_or_path, "choose another model")
        return copy
