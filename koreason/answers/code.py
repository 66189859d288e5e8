r"""What the scorer reads of an answer that was released with the paper, its quirks included.

    read("choice", "3", r"정답은 \boxed{3번}입니다.")    # ("wrong", None): math-verify reads nothing there

It lets math-verify read all of the text after the thinking, boxes or not, and takes the last form: two boxes are a list, no box is
the last formula or number of the prose, `\boxed{③}` and `\boxed{\text{C}}` are nothing. Choices are held as numbers 1 to 5, or, where
there are more options, as the text itself. One difference: an expression outside LaTeX is not evaluated, its last number counts.
"""

import re
from typing import Literal

TAIL = 20_000  # characters of the text's end; math-verify takes the last match
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?!\w)|(?<=[가-힣\s])[-+]?\d+(?=[가-힣])")
PLACES = {letter: str(index + 1) for index, letter in enumerate("ABCDE")}


def read(kind: str, gold: str, text: str) -> tuple[Literal["correct", "wrong"], str | None]:
    """Whether the released scorer credits an answer, and what it takes it for.

    `kind` is `choice` (gold a number from 1 to 5 as text), `raw` (gold a letter) or `math`.
    """
    from math_verify import LatexExtractionConfig, parse, verify

    forms = parse(text[-TAIL:], (LatexExtractionConfig(),), parsing_timeout=None)
    if not forms and (numbers := NUMBER.findall(text[-TAIL:])):
        forms = parse(f"${numbers[-1]}$", (LatexExtractionConfig(),), parsing_timeout=None)
    said = str(forms[-1]).strip() if forms else None
    if kind == "math":
        right = parse(f"${gold}$" if "$" not in gold and "\\boxed" not in gold else gold, (LatexExtractionConfig(),), parsing_timeout=None)
        same = bool(forms) and bool(verify(right, forms, timeout_seconds=None))
        return ("correct" if same or text.strip() == gold else "wrong"), said
    if said is None:
        return "wrong", None
    mapped = said if kind == "raw" else PLACES.get(said, said)
    return ("correct" if mapped == gold else "wrong"), said
