r"""What the paper's text says (C.2): the first complete `\boxed{...}` after the thinking, and nothing else.

    read(Answer(r"\boxed{N} … \boxed{3}", ((0, 0),)), asked)     # reads "N": the first, also where it is quoted from the prompt

No stated answer counts, no box is skipped, and options in the question's text stay unparsed: labels go from A to J there.
"""

from koreason.answers.boxes import Answer, boxes
from koreason.answers.labels import label
from koreason.evaluate.profiles.readings import Asked, Reading, located, of_label


def read(answer: Answer, asked: Asked) -> Reading:
    """The reading of an answer."""
    found = boxes(answer.text, every=False)
    if not found:
        return Reading(None, "no_box", "no box")
    box = found[0]
    if asked.kind == "choice":
        reading = of_label(label(box.content, list(asked.given)), box.content, asked, "first box")
    else:
        reading = Reading(box.content, None, "first box", tasks=(("values", asked.gold, box.content),))
    return located(reading, answer, box.start, box.end)
