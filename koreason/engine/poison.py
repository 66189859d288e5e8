"""Which request an engine dies of: found by halves, set aside and named, so that the others go on.

    for answer in drawn([requests], generator, journal, on_step):
        ...

An engine that dies names nobody: a kernel fails, memory runs out, its process is gone. What it was drawing is under suspicion, and is
drawn again by another engine in two halves, one after the other, until it dies with one request alone. That is drawn alone once more;
where the engine dies again it is set aside as `refused:poisoned`. Where no half dies nobody is: it was chance, or too much at once.
Each new engine first answers a plain question, so that one that answers nothing ends the job instead of condemning its prompts.

Where an engine takes the job's own process with it, what that had in flight is in the journal's `in_flight`, and the next process gets
the requests that are suspected in groups of their own.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from koreason.engine.answers import POISONED, Answer, EngineFailed, Request, told_by
from koreason.engine.generator import Generator
from koreason.engine.journals.in_flight import CANARY, DEATHS
from koreason.engine.journals.journal import Journal

log = logging.getLogger(__name__)

GRACE = 2.0  # seconds in which a signal to all of a job, of which its engine ended, comes here, too


def drawn(
    groups: list[list[Request]],
    generator: Generator,
    journal: Journal,
    on_step: Callable[[], None],
    told: Callable[[], bool],
    deaths: list[str],
) -> Iterator[Answer]:
    """Every request's answer, segments noted in the journal; `deaths` gathers what engines died of.

    Groups are drawn one after the other, the last one first; all but the first one are suspected.

    Raises:
        EngineFailed: a new engine answers nothing at all, or all of the job is `told` to end.
    """
    alone = Counter[str]()
    if len(groups) > 1:
        journal.in_flight.begin(CANARY)
        generator.answer_plainly(groups[-1][0])
        journal.in_flight.end(CANARY)
    while groups:
        left = {request.key: request for request in groups.pop()}
        try:
            for answer in generator.answers(_given(list(left.values()), journal), journal.add_segment, on_step):
                journal.in_flight.end(answer.key)
                del left[answer.key]
                yield answer
        except EngineFailed as error:
            time.sleep(GRACE)
            if told():
                raise
            cause = told_by(error.__cause__)
            deaths.append(cause)
            log.warning("%s (%s): starting another to find out of which", error, cause)
            generator.restart(left[error.keys[0]])
            journal.sync()
            suspects = [replace(left.pop(key), begun=journal.begun.all(key)) for key in error.keys]
            groups.append(list(left.values()))
            if len(suspects) > 1:
                half = len(suspects) // 2
                groups += [suspects[half:], suspects[:half]]
                continue
            [suspect] = suspects
            alone[suspect.key] += 1
            if alone[suspect.key] < DEATHS:
                groups.append(suspects)
            else:
                log.warning("set aside: the engine died of request %s twice: %.200s", suspect.key, suspect.messages[-1]["content"])
                journal.in_flight.end(suspect.key)
                yield Answer(suspect.key, suspect.prefill, POISONED, 0, 0, cause)


def _given(requests: list[Request], journal: Journal) -> Iterator[Request]:
    """The requests as the engine takes them, each written down first."""
    for request in requests:
        journal.in_flight.begin(request.key)
        yield request
