"""What a model is asked about an item, and with which seed.

question_text(item, "Put the answer into a box.")
"""

import hashlib
import json

from koreason.benches.items import Item


def question_text(item: Item, instruction: str) -> str:
    """What the model is asked: question, labelled options, instruction (paper, figure 7), with blank lines between."""
    options = "\n".join(f"{chr(ord('A') + index)}. {option}" for index, option in enumerate(item.options))
    return "\n\n".join(part for part in (item.question, options, instruction) if part)


def answer_seed(seed: int, item_id: str, repeat: int) -> int:
    """Seed of one answer, from 0 to 2**31 - 1; other items and repeats do not move it."""
    key = json.dumps([seed, item_id, repeat], ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") >> 1
