"""What of a text must survive its translation: numbers and LaTeX.

signs("Let $x = 2$ and 3 apples.")      # (Counter({"x=2": 1}), Counter({"3": 1}))
"""

import re
from collections import Counter

from koreason.curate.making.alike import numbers_of

# A dollar opens a formula where no white space follows, and closes one where none comes before and no digit follows: "$5 and $6" is none.
FORMULA = re.compile(
    r"\$\$(.{1,4000}?)\$\$|\\\[(.{1,4000}?)\\\]|\\\((.{1,4000}?)\\\)|(\\begin\{(\w+\*?)\}.{1,4000}?\\end\{\5\})"
    r"|(?<![\\$])\$(?=[^\s$])([^$]{1,1000}?)(?<=[^\s\\])\$(?!\d)",
    re.DOTALL,
)
WORDS = re.compile(r"\\(?:text|mbox|textbf|textit|textrm|intertext)\{[^{}]*\}")  # in a formula, to be translated
COMMAND = re.compile(r"\\[A-Za-z]+")


def signs(text: str) -> tuple[Counter[str], Counter[str]]:
    """Formulas without white space, words and delimiters, and commands outside of them; numbers outside of them."""
    found = Counter(
        WORDS.sub("", "".join(re.sub(r"\s", "", part) for part in match.group(1, 2, 3, 4, 6) if part)) for match in FORMULA.finditer(text)
    )
    rest = FORMULA.sub(" ", text)
    found.update(COMMAND.findall(rest))
    return found, numbers_of(rest)


def speaks_no_language(text: str) -> bool:
    """Whether a text is the same in every language: formulas, numbers, single letters, no word."""
    rest = COMMAND.sub(" ", FORMULA.sub(" ", text))
    return not re.search(r"[^\W\d_]{2,}", rest)
