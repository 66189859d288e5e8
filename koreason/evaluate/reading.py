"""Answers read by several profiles in one pass, and each different comparison made once.

    asked = Asked("choice", "수도는?", ("부산", "서울"), "B")
    [[reading]] = read_answers([(asked, "정답은 2번입니다.", "stop")], ["robust"])     # reading.verdict == "correct"

Only the verdict `correct` counts: an answer without a box, cut off, or too costly to compare is wrong, under its own name.
"""

from collections.abc import Iterable, Sequence

from koreason.answers.boxes import answer_of
from koreason.answers.compared import BY_FINISH, perform_once
from koreason.answers.judge import Budget
from koreason.errors import UserError
from koreason.evaluate.profiles.readings import Asked, Reading, settle
from koreason.evaluate.profiles.table import PROFILES

VERDICTS = {
    "correct": "the answer is the gold answer",
    "wrong": "it is another answer",
    "unreadable": "what was taken for the answer names no single option, or does not read as a value",
    "no_box": "no complete \\boxed{} after the thinking, and no answer that the profile takes in its place",
    "unfinished": "the thinking was never closed",
    "token_limit": "cut off at the token limit, whatever it had said by then",
    "repetition": "ended by the engine because it repeated itself",
    "refused": "no answer was drawn: the prompt did not fit the model, or the engine failed on it",
    "timeout": "comparing it took too much processor time",
    "crash": "comparing it took too much memory or ended its process",
}


def read_answers(rows: Iterable[tuple[Asked, str, str]], profiles: Sequence[str], budget: Budget | None = None) -> list[list[Reading]]:
    """For each (item, response, finish) the readings of the profiles, in their order."""
    first: list[tuple[Asked, list[Reading]]] = []
    for asked, response, finish in rows:
        answer = answer_of(response) if finish == "stop" else None
        if answer is None:
            gone = Reading(None, cut_off(finish) or "unfinished", "not finished")
            first.append((asked, [gone] * len(profiles)))
        else:
            first.append((asked, [PROFILES[name].read(answer, asked) for name in profiles]))
    tasks = (task for _, readings in first for reading in readings if reading.verdict is None for task in reading.tasks if task)
    outcomes = perform_once(tasks, budget)
    return [[settle(reading, asked, outcomes) for reading in readings] for asked, readings in first]


def cut_off(finish: str) -> str | None:
    """The verdict of an answer that did not come to its end by itself; None for one that did."""
    if finish == "stop":
        return None
    kind = finish.split(":")[0]
    if kind not in BY_FINISH:
        raise UserError(f"unknown finish {finish!r}", "generations.parquet", f"known: stop, {', '.join(BY_FINISH)}")
    return BY_FINISH[kind]
