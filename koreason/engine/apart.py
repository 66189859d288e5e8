"""Drawing after a process ended without a word: who is suspected, and in a child, which takes nobody with it when it ends so, too.

    set_aside(journal, prefill, limit, attempts.last())     # who is suspected now, and who is no longer asked
    facts = by_children(draw, reopened, seen)               # what `draw` returned in the child that lived

On GPUs an engine has a process of its own. On CPU it has the job's, so here a child of the job draws what is suspected, and whatever that
child dies of names the requests that it had (`journals/in_flight.py`).
"""

import json
import logging
import os
import signal
from collections.abc import Callable
from typing import Any, NoReturn

from koreason.engine.answers import POISONED, Answer, told_by
from koreason.engine.journals.in_flight import CANARY
from koreason.engine.journals.journal import Journal
from koreason.engine.signals import Interrupted
from koreason.errors import RESUMABLE, UserError
from koreason.records.supervise import HANDED_ON, forked

log = logging.getLogger(__name__)

Facts = dict[str, Any]
BY_KEYBOARD = 128 + signal.SIGINT


def set_aside(journal: Journal, prefill: str, limit: int, attempt: Facts) -> None:
    """Note who is suspected since the last process ended, and give those an answer of which two died.

    Args:
        attempt: that process's, as far as it is known: `signal`, and `lost` where nobody was there to see its end.
    """
    flight, left = journal.in_flight, len(journal.in_flight.left)
    how = f"a process ended without a word ({attempt.get('signal') or 'nobody knows of what'})"
    for key in flight.blame(not attempt.get("lost"), lambda key: len(journal.begun.all(key))):
        log.warning("set aside: %s again, with request %s alone in flight", how, key)
        journal.add_row(Answer(key, prefill, POISONED, 0, 0, f"{how} twice with it alone in flight"), limit)
    if left and flight.suspects:
        log.warning("%s with %d answers in flight: what is suspected is drawn first, in %d groups", how, left, len(flight.suspects))


def by_children(draw: Callable[[], Facts], reopened: Callable[[], Journal], seen: Callable[[Journal, str], None]) -> Facts:
    """Draw in a child, and in another one where it is ended by a signal, after `seen` was told which and has noted who is suspected.

    Returns:
        What `draw` returned, and the signals as `engine_deaths`; nothing where a child failed in an ordinary way, as this process will.

    Raises:
        Interrupted: a child was told to end.
        UserError: one ended without a request in flight.
    """
    deaths: list[str] = []
    while True:
        reading, writing = os.pipe()
        code = forked()
        if code is None:
            os.close(reading)
            _draw_and_end(draw, writing)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as told:
            text = told.read()
        if code == RESUMABLE or -code in HANDED_ON:
            raise Interrupted
        if code == BY_KEYBOARD:
            raise KeyboardInterrupt
        if code >= 0:
            facts: Facts = json.loads(text) if text else {}
            return facts | {"engine_deaths": [*deaths, *facts.get("engine_deaths", ())]} if facts else {}
        deaths.append(signal.Signals(-code).name)
        journal = reopened()
        try:
            nobody = not journal.in_flight.left or CANARY in journal.in_flight.left
            seen(journal, deaths[-1])
        finally:
            journal.close()
        if nobody:
            raise UserError(f"ended ({deaths[-1]}) with no prompt in flight", "the engine's process", "look at its last words above")


def _draw_and_end(draw: Callable[[], Facts], writing: int) -> NoReturn:
    """All that the child does; it never comes back."""
    status = 1
    try:
        os.write(writing, json.dumps(draw()).encode())
        status = 0
    except Interrupted:
        status = RESUMABLE
    except KeyboardInterrupt:
        status = BY_KEYBOARD
    except BaseException as error:
        log.warning("the child that drew failed (%s)", told_by(error))
    finally:
        os._exit(status)
