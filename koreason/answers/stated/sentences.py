"""The last sentences of an answer, and what they say of what stands in them.

last_sentences("풀이는 길다. 답은 3이다.")     # [(8, 15), (0, 7)]
"""

import re
from dataclasses import dataclass

TAIL = 20_000  # characters: an answer is stated at the end
LONGEST = 400  # characters of a last sentence
SENTENCES = 3  # from the end, in which a conclusion is looked for
SENTENCE = re.compile(r"\n+|(?<=[.!?。])(?:[\"'”’)*]*)\s+(?=\S)|(?<=[.!?。])[*]*$")
FINISHED = re.compile(
    r"(?:[.!?。;~)\]}>\"'”’*`$:]|[다요음임죠네것지번십백천만억]|보기|선택지|선지|항목|진술|[①-⑳❶-❿]|[A-J0-9²³%°½⅓¼¾⅔π])\s*(?::\)|\^\^|[😀-🙏])?\s*$"
)
ASIDE = re.compile(r"\([^()]{3,}\)|（[^（）]{3,}）")
BESIDE = re.compile(r"\s*[(（].*[)）][.\s]*", re.DOTALL)  # a sentence in brackets is none of the argument's
BREAK = re.compile(
    r",\s|;\s|[—–→⇒]|(?<=지만)\s|(?<=므로)\s|(?<=니까)\s|(?<=이고)\s|(?<=하고|되고|있고|없고|르고)\s|(?<=하며|이며)\s|아니라\s|:\s"
)
ASKS = re.compile(r"(?:\?|(?:[일을할]까|인가)\.?)[\"'”’)*\s]*$")
DENIAL = re.compile(
    r"안\s*[되된됨돼]|지\s*(?:말|마)|아니|아닌|아닙|않|없|틀|오답|제외|못|반대|거짓|[✗✘❌×]|어긋|배제|잘못|벗어|\bnot\b|wrong|false",
    re.IGNORECASE,
)
TRAILING = re.compile(r"(?:\s*<\|[^|]{1,20}\|>.*|\s*I hope it is correct\.?)+$", re.DOTALL)
REFUSES = re.compile(
    r"죄송|상의하|드릴\s*수\s*없|드리기\s*어렵|판단할\s*수\s*없|알\s*수\s*없|모르겠|고민|I can(?:no|')t|sorry", re.IGNORECASE
)
RULE = "concluding sentence"


@dataclass(frozen=True)
class Statement:
    """A stated answer: what is said, where it starts and ends in the text, by which rule, and whether it is called final."""

    said: str
    start: int
    end: int
    rule: str
    final: bool = False


def last_sentences(text: str) -> list[tuple[int, int]]:
    """Places of the last sentences that say anything, the last one first."""
    tail = max(0, len(text) - 4 * LONGEST)
    text = text[:tail] + TRAILING.sub("", text[tail:])
    cuts = [tail, *(tail + place for match in SENTENCE.finditer(text[tail:]) for place in match.span()), len(text)]
    found = []
    for start, end in zip(cuts[-2::-1], cuts[:0:-1], strict=True):
        if re.search(r"\w|[①-⑳❶-❿]", text[start:end]) and not BESIDE.fullmatch(text[start:end]):
            found.append((max(start, end - LONGEST), end))
        if len(found) == SENTENCES:
            break
    return found


def refuses(text: str, places: list[tuple[int, int]]) -> bool:
    """Whether its last sentences, which stand at these places, say that there is no answer."""
    return bool(places and REFUSES.search(text[places[-1][0] :]))
