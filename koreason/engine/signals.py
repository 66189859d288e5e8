"""A job told to end (SIGTERM, SIGUSR1, Ctrl-C) ends with status 75, which asks for another run, and never while it keeps its work.

notice = Notice()    # from here on such a signal ends the process at once; a second Ctrl-C kills it whatever it does
notice.hold()        # from here on only where `notice.check()` is called
notice.release()     # from here on at once again
"""

import signal
from types import FrameType

from koreason.errors import RESUMABLE


class Interrupted(SystemExit):
    """The job was told to end. No `Exception`, so that no library takes it for an error of its own and goes on."""

    def __init__(self) -> None:
        super().__init__(RESUMABLE)


class Notice:
    """Listens for the signals, for the rest of the process: made once, by a subcommand.

    Attributes:
        told: name of the first signal that came; further ones change nothing.
    """

    def __init__(self) -> None:
        self.told: str | None = None
        self._held = False
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            signal.signal(number, self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        if self.told is None:
            self.told = signal.Signals(number).name
            if not self._held:
                raise Interrupted

    def hold(self) -> None:
        """From now on a signal is only remembered, until `check`."""
        self._held = True

    def release(self) -> None:
        """From now on a signal ends the process at once again.

        Raises:
            Interrupted: one came already.
        """
        self._held = False
        self.check()

    def check(self) -> None:
        """End here if a signal came.

        Raises:
            Interrupted: it did.
        """
        if self.told is not None:
            raise Interrupted
