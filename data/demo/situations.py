"""The proof's kinds of word problems: each worded by itself, all of them solved by reading two numbers and what is done to them.

    python -c "from situations import TAUGHT; print(TAUGHT['train'].question.format(a=3, b=4))"     # in data/demo

They stand in data/proof/kinds.tsv: `part` is taught or held out, `cue` are the words of the question that tell what is done, `tells` what
they tell (a key of `TELLS`), `first` and `second` the numbers as the question gives them, in its order, with what they count. The result
counts what the first number counts. A difference takes `{b}` from `{a}`, whichever stands first.

A thinking has the same three steps whatever the kind: the numbers as the question gives them, the words of the question that tell what
is done, and the operation. What differs from kind to kind is the question, so that what is common to all of them is the skill.
"""

import csv
from pathlib import Path

from wordings import ADD, TAKE, Kind

TABLE = Path(__file__).parent.parent / "proof" / "kinds.tsv"

# What words of a question tell: after a quotation in English, by itself in English, and after a quotation in Korean.
TELLS = {
    "total": ("means the total, so I add", "The question asks for the total, so I add", "하니 전체를 구해야 한다. 그래서 더한다"),
    "more": ("means more, so I add", "The number grows, so I add", "하니 늘어난다. 그래서 더한다"),
    "left": ("means what is left, so I subtract", "The question asks what is left, so I subtract", "하니 나머지를 구해야 한다. 그래서 뺀다"),
    "fewer": ("means fewer, so I subtract", "The number falls, so I subtract", "하니 줄어든다. 그래서 뺀다"),
    "difference": ("means the difference, so I subtract", "The question asks for the difference, so I subtract", "하니 차이를 구해야 한다. 그래서 뺀다"),
    "missing": ("means what is missing, so I subtract", "The question asks what is missing, so I subtract", "하니 모자라는 수를 구해야 한다. 그래서 뺀다"),
}  # fmt: skip
SUMS = ("total", "more")
LARGEST = 99  # of the numbers of a question, where no bound is given


def _kind(row: dict[str, str]) -> Kind:
    """A kind of problem from its line of the table."""
    tells, cue, first, second = (row[name] for name in ("tells", "cue", "first", "second"))
    operation = ADD if tells in SUMS else TAKE
    in_mixed, in_english, in_korean = TELLS[tells]
    one, other = (number[: number.index("}") + 1] for number in (first, second))
    return Kind(
        operation,
        lambda draw: operation.small(draw, LARGEST),
        row["question"],
        f"따라서 답은 {{r}}{first.removeprefix(one)}입니다.",
        f'The numbers are {first} and {second}. "{cue}" {in_mixed}.',
        f"The numbers are {one} and {other}. {in_english}.",
        f'주어진 수는 {first}, {second}이다. "{cue}" {in_korean}.',
    )


def _read(part: str) -> dict[str, Kind]:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return {row["kind"]: _kind(row) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row["part"] == part}


TAUGHT, OTHERS = _read("taught"), _read("held out")
