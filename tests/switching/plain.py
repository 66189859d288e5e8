"""The measures word by word and letter by letter, as `docs/measures.md` says them: slow, and what the fast ones are held against.

plain("We have 사과 3개.", "네.", "사과가 있다.", ["Hangul"], ["Latin"])["switches"]     # 1
"""

import itertools
import re
import statistics
import unicodedata
import zlib

from koreason.languages import SCRIPTS, WHITE_SPACE
from koreason.switching.spans import spans

FILLERS = "\u115f\u1160\u3164\uffa0"


def prose(text: str) -> str:
    """A space for each formula, piece of code and address, as the slow search finds them (`tests/curate` holds the fast one against it)."""
    for start, end, _ in reversed(spans(text)):
        text = f"{text[:start]} {text[end:]}"
    return unicodedata.normalize("NFC", text)


def script(character: str) -> str | None:
    """The script of a letter; None of what is no letter."""
    if unicodedata.category(character)[0] not in "LM" or character in FILLERS:
        return None
    return next((name for name, ranges in SCRIPTS.items() if re.match(f"[{ranges}]", character)), None)


def words(text: str, target: list[str]) -> list[tuple[int, int, bool]]:
    """Begin, end and whether it is of the target, of each word."""
    language = [None if (name := script(character)) is None else name in target for character in text]
    for place in range(1, len(text) - 1):
        if text[place] in "'’" and language[place - 1] is not None and language[place - 1] == language[place + 1]:
            language[place] = language[place - 1]
    found, place = [], 0
    for kind, group in itertools.groupby(language):
        size = len(list(group))
        if kind is not None:
            found.append((place, place + size, kind))
        place += size
    return found


def of(part: float, whole: float) -> float | None:
    """A quotient; None where there is no denominator."""
    return part / whole if whole > 0 else None


def of_letters(text: str, target: list[str], beside: list[str]) -> dict[str, float | None]:
    """Letters and their shares."""
    names = [name for name in map(script, text) if name]
    ours = sum(name in target for name in names)
    visible = sum(character not in FILLERS and not re.match(f"[{WHITE_SPACE}]", character) for character in text)
    leaked = sum(name not in target and name not in beside for name in names)
    return {
        "letters": len(names),
        "share_letters": of(ours, len(names)),
        "share_characters": of(ours, visible),
        "leaked_share": of(leaked, len(names)),
    }


def plain(think: str, answer: str, question: str, target: list[str], beside: list[str]) -> dict[str, float | None]:
    """Every measure of one trace."""
    tail = f"{think}\n{answer}"[-1000:].encode()
    think, answer, question = prose(think), prose(answer), prose(question)
    found = words(think, target)
    pieces = [list(group) for _, group in itertools.groupby(found, key=lambda word: word[2])]
    sizes, ours = [len(span) for span in pieces], [span for span in pieces if span[0][2]]
    switches = sum(one[2] != other[2] for one, other in itertools.pairwise(found))
    shares = [of(sum(word[2] is kind for word in found), len(found)) for kind in (True, False)]
    squares = sum(share**2 for share in shares if share is not None)
    deviation, mean = (statistics.pstdev(sizes), statistics.mean(sizes)) if len(sizes) > 1 else (0, 0)
    letters = [script(character) in target for character in think if script(character)]
    edges = [len(letters) * tenth // 10 for tenth in range(11)] if len(letters) >= 10 else [0] * 11
    values: dict[str, float | None] = {
        "words": len(found),
        "switches": switches,
        "switches_per_100_words": of(100 * switches, len(found)),
        "i_index": of(switches, len(found) - 1),
        "m_index": of(1 - squares, squares),
        "target_spans": len(ours),
        "span_words": of(sum(map(len, ours)), len(ours)),
        "longest_span_words": max(map(len, ours), default=0),
        "burstiness": of(deviation - mean, deviation + mean),
        "copied_spans": of(sum(think[span[0][0] : span[-1][1]] in question for span in ours), len(ours)),
        **{f"tenth_{n}": of(sum(letters[a:b]), b - a) for n, (a, b) in enumerate(itertools.pairwise(edges), 1)},
        "loop_ratio": len(tail) / len(zlib.compress(tail)),
    }
    values |= of_letters(think, target, beside)
    return values | {f"answer_{name}": value for name, value in of_letters(answer, target, beside).items()}
