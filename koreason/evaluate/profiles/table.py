"""The profiles by their names: who reads, and in what words.

PROFILES["robust"].read(answer, asked)
"""

from collections.abc import Callable
from dataclasses import dataclass

from koreason.answers.boxes import Answer
from koreason.evaluate.profiles import paper_code, paper_text, robust
from koreason.evaluate.profiles.readings import Asked, Reading


@dataclass(frozen=True)
class Profile:
    """A way of reading answers: its words, and its reader of what was said after the thinking."""

    words: str
    read: Callable[[Answer, Asked], Reading]


PROFILES = {
    "robust": Profile("the last box that counts, else the stated answer", robust.read),
    "paper_text": Profile("the first box after the thinking, nothing else", paper_text.read),
    "paper_code": Profile("as the released scorer reads: the last formula or number", paper_code.read),
}
