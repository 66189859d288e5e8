"""When to leave off: told to by a signal, or while there is still time to save before the walltime is over.

    until = Until(stop, os.environ)
    until.over(saver.longest)      # asked between bins: whether the last safe moment to begin a save has come

A save is given twice the longest that was measured, here or by the attempt before, and a bin and the end of the process their time, too.
"""

import threading
import time
from collections.abc import Mapping

from koreason.system.host import END

SPARE = 20.0  # seconds for ranks to agree, and to end


class Until:
    """What one rank knows of its end."""

    def __init__(self, stop: threading.Event, environment: Mapping[str, str]) -> None:
        self._stop = stop
        self._end = float(environment[END]) if environment.get(END) else None
        self._asked, self._longest = time.time(), 0.0

    @property
    def told(self) -> bool:
        """Whether a signal came."""
        return self._stop.is_set()

    def over(self, saving: float) -> bool:
        """Whether to save now; `saving` is what a save took at most, in seconds, 0 where none was measured."""
        now = time.time()
        self._longest, self._asked = max(self._longest, now - self._asked), now
        return self.told or (self._end is not None and now + self.needed(saving) >= self._end)

    def needed(self, saving: float) -> float:
        """Seconds before the end at which a save has to begin: it, one more bin, and what is spare."""
        return 2 * saving + self._longest + SPARE
