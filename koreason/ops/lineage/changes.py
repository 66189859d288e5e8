"""What cleaning changed in a text, in the notation of `wdiff`: `… costs [-&lt;-]{+<+} 5 …`.

marked("a&lt;b", "a<b")      # ["a[-&lt;-]{+<+}b"]
"""

import difflib
import re
from itertools import takewhile

TOKENS = re.compile(r"<[^<>\s]{1,200}>|&#?\w{1,30};|\w+|\s+|.", re.DOTALL)
AROUND, NEAR, MOST = 24, 32, 12  # characters shown around changes, and between those that are shown together; how many places
MOST_PAIRS = 4_000_000  # of tokens that are compared: a fifth of a second


def marked(before: str | None, after: str | None) -> list[str]:
    """Each change with a little of what stands around it; the last line says how many are not shown."""
    old, new = TOKENS.findall(before or ""), TOKENS.findall(after or "")
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    limit = min(len(old), len(new)) - start
    rest = zip(old[: -limit - 1 : -1] if limit else [], new[: -limit - 1 : -1] if limit else [], strict=False)
    end = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], rest))
    middle = slice(start, len(old) - end), slice(start, len(new) - end)
    a, b = old[middle[0]], new[middle[1]]
    if not a and not b:
        return []
    if len(a) * len(b) > MOST_PAIRS:
        return [f"{len(''.join(a)):,} characters became {len(''.join(b)):,}"]
    steps = difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    groups: list[list[tuple[int, int, int, int]]] = []
    for step, *bounds in steps:
        first, last, begin, stop = (start + bound for bound in bounds)
        if step == "equal":
            continue
        near = groups and len("".join(old[groups[-1][-1][1] : first])) <= NEAR
        if not near:
            groups.append([])
        groups[-1].append((first, last, begin, stop))
    told = [_shown(old, new, group) for group in groups[:MOST]]
    return told + ([f"and more in {len(groups) - MOST} places"] if len(groups) > MOST else [])


def _shown(old: list[str], new: list[str], group: list[tuple[int, int, int, int]]) -> str:
    """Changes that stand near to each other, with what is between and around them."""
    start, end = group[0][0], group[-1][1]
    before, after = "".join(old[max(start - AROUND, 0) : start]), "".join(old[end : end + AROUND])
    parts = ["…" * (len(before) > AROUND or start > AROUND), before[-AROUND:]]
    at = start
    for first, last, begin, stop in group:
        removed, added = "".join(old[first:last]), "".join(new[begin:stop])
        parts += ["".join(old[at:first]), f"[-{_cut(removed)}-]" * bool(removed), f"{{+{_cut(added)}+}}" * bool(added)]
        at = last
    return "".join([*parts, after[:AROUND], "…" * (len(after) > AROUND or end + AROUND < len(old))])


def _cut(text: str, most: int = 160) -> str:
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"
