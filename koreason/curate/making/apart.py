"""The options of a translated question taken apart again: they were shown as lettered lines at its end, and come back so.

taken_apart("무엇인가?\\n\\nA. 둘\\nB. 셋", 2)  # ("무엇인가?", ["둘", "셋"])
"""

from koreason.curate.making.golds import LABELLED, Gold, label, unlabelled


def taken_apart(text: str, count: int) -> tuple[str, list[str]] | None:
    """The question and its `count` options; None where the text does not end with so many, labelled in order.

    An option goes on to the next label's line. A question that lists things under the same labels is cut at its last list.
    """
    lines = text.strip().split("\n")
    labels = [(index, named) for index, line in enumerate(lines) if (named := labelled(line))]
    first = next(((index, named) for index, named in reversed(labels) if named.place == 0), None)
    if first is None or not (stem := "\n".join(lines[: first[0]]).strip()):
        return None
    listed = [(index, named.place) for index, named in labels if index >= first[0] and named.form == first[1].form]
    if [place for _, place in listed] != list(range(count)):
        return None
    starts = [index for index, _ in listed]
    blocks = ["\n".join(lines[start:end]).strip() for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    return stem, unlabelled(blocks)


def labelled(line: str) -> Gold | None:
    """The place that a line's label names; None where it has none."""
    match = LABELLED.fullmatch(line.strip())
    return label(match["label"]) if match else None
