"""What the scorer does that was released with the paper: math-verify over all of the text, the last form it finds.

read(Answer("정답은 3번입니다", ((0, 0),)), asked)     # credits 3: no box is asked for

Its quirks are in `koreason/answers/code.py`. It cuts at the first `</think>` where ours cuts at the last: answers whose thinking was
reopened are the same to both, since all that is thought is left out here.
"""

from koreason.answers.boxes import Answer
from koreason.evaluate.profiles.readings import Asked, Reading, located

MOST_NUMBERED = 5  # options that the released scorer maps to numbers; benchmarks with more are held as text


def read(answer: Answer, asked: Asked) -> Reading:
    """The reading of an answer, which takes a comparison in any case."""
    kind, gold = "math", asked.gold
    if asked.kind == "choice":
        raw = len(asked.options) > MOST_NUMBERED or asked.right > "E"
        kind, gold = ("raw", asked.right) if raw else ("choice", str(ord(asked.right or "@") - ord("A") + 1))
    end = len(answer.text)
    reading = Reading(None, None, "math-verify over the text", tasks=(("code", kind, gold, answer.text),))
    return located(reading, answer, 0, end) if end else reading
