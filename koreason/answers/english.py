r"""English words behind a number, and numbers in words: `7 million`, `12 \text{ red apples}`, `twenty-one`.

    read("7 million people")     # Words("7000000")
    read("7 minus 3")            # None: these words do not count
    read("7x")                   # Words("7x"): no words

What counts is a list: a scale, a noun in its plural with what may stand around it. Any other word makes a number no value, since
math-verify would leave it out.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from koreason.answers.units import unit

LONGEST = 120  # characters of a number with words
NUMBER = r"[-+]?\d+(?:\.\d+)?|[-+]?\\frac\{\d+\}\{\d+\}"
TEXT = re.compile(r"\\(?:text|mathrm|mbox|textrm|textbf|textnormal|rm|operatorname)\s*\{([^{}\\]*)\}")
COUNTED = re.compile(rf"(?P<number>{NUMBER})(?P<between>(?:\s|\\[ ,;:!]|~|-)*)(?P<words>[A-Za-z]+(?:(?:\s+|-)[A-Za-z]+)*)\.?")
CALCULATED = re.compile(rf"(?:{NUMBER})(?:\s*\\?%)?\s*\\text\s*\{{[^{{}}]*[A-Za-z]{{2}}[^{{}}]*\d[^{{}}]*\}}")  # 7 \text{ minus 3}
SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
NO_PLURALS = """
plus minus times less is was has does this unless versus perhaps always across thus multiples divisors dozens hundreds thousands millions
billions halves thirds fourths fifths sixths sevenths eighths ninths tenths hundredths thousandths
"""  # end as a plural does and count nothing
PLURALS = "people children men women fish sheep mice geese teeth dice deer cattle feet am pm oclock"
SIDE = "more or and to if per each not but of in out from at by with than over under about maybe"
BEHIND = "old tall long wide high deep away apart left remaining total altogether all in celsius fahrenheit"
UNCOUNTED, COUNTED_WORDS, TRAILING = frozenset((NO_PLURALS + SIDE).split()), frozenset(PLURALS.split()), frozenset(BEHIND.split())
ORDINAL = re.compile(r"(?:st|nd|rd|th)(?:\s.*)?")
ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMERALS = {word: value for value, word in enumerate(ONES.split())}
NUMERALS |= {word: 10 * value for value, word in enumerate(TENS.split(), 2)}


class Words(NamedTuple):
    """What a text says once its words are read: LaTeX, the unit behind it, and whether any word was read."""

    latex: str
    unit: str = ""
    read: bool = False


def read(text: str) -> Words | None:
    """A number with its words read; the text as it is where it has none; None where its words are none that count."""
    if len(text) > LONGEST:
        return Words(text)
    if CALCULATED.fullmatch(text):
        return None
    bare = TEXT.sub(r" \1", text).strip()
    if (spelt := _spelt(bare)) is not None:
        return Words(str(spelt), "", True)
    match = COUNTED.fullmatch(bare)
    if match is None or (text == bare and not match["between"] and len(match["words"]) < 3):
        return Words(text)  # 7x, 7cm
    words = re.split(r"\s+|-", match["words"].lower())
    if unit(match["words"]) is not None or (len(words[0]) < 2 and text == bare) or words[0] in ("mod", "pi"):
        return Words(text)
    number = match["number"]
    if words[0] in SCALES:
        if "frac" in number:
            return None
        number, words = f"{(Decimal(number) * SCALES[words[0]]).normalize():f}", words[1:]
    name = unit(" ".join(words)) if words else ""
    if name is None and not _counts(words, number) and not ORDINAL.fullmatch(match["words"].lower()):
        return None
    return Words(number, name or "", True)


def _spelt(text: str) -> int | None:
    """A whole number below a hundred in words."""
    parts = re.split(r"[\s-]+", text.lower())
    values = [NUMERALS[part] for part in parts if part in NUMERALS]
    if len(values) != len(parts) or len(parts) > 2:
        return None
    return sum(values) if len(values) == 1 or (values[0] >= 20 and 0 < values[1] < 10) else None


def _counts(words: list[str], number: str) -> bool:
    """Whether words are what is counted: `red apples`, `cups of flour`, `miles per hour`, `square feet`, `years old`, `days in all`."""
    while words and words[-1] in TRAILING:
        words = words[:-1]
    for joint in ("of", "per"):
        if joint in words[1:-1]:
            first, last = words[: words.index(joint)], words[words.index(joint) + 1 :]
            return _counts(first, number) and first[-1] not in ("percent", "percents") and UNCOUNTED.isdisjoint(last)
    if not words or not UNCOUNTED.isdisjoint(words):
        return False
    return words[-1].endswith("s") or words[-1] in COUNTED_WORDS or unit(words[-1]) is not None or number == "1"
