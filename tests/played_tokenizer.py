"""A tokenizer for tests without transformers: bytes are tokens, a conversation is what was said last.

play(monkeypatch)     # models are asked through it

Run as a program it runs a command of koreason's with it:  python tests/played_tokenizer.py trace ...
"""

import sys
from types import MappingProxyType


class Tokenizer:
    chat_template, eos_token_id, name_or_path, added_tokens_decoder = "", 0, "played", MappingProxyType({})

    def __init__(self, folder=None):
        pass

    def __call__(self, texts, **options):
        return {"input_ids": [list(text.encode()) for text in texts]}

    def encode(self, text, **options):
        return list(text.encode())

    def decode(self, tokens, **options):
        return " ".join(map(str, tokens))

    def apply_chat_template(self, messages, **options):
        return " ".join(message["content"] for message in messages)


def play(monkeypatch):
    """Let models be asked through it, and leave the process's environment as it is."""
    monkeypatch.setattr("koreason.engine.prompts.rendering.read_tokenizer", Tokenizer)
    monkeypatch.setattr("koreason.engine.drawing.prepare", lambda engine: {})


if __name__ == "__main__":
    from koreason.cli import main
    from koreason.engine.prompts import rendering

    rendering.read_tokenizer = Tokenizer
    sys.exit(main(sys.argv[1:]))
