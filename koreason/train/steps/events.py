"""What a training tells of its steps, for TensorBoard: event files, which carry times and the host's name, and so are declared nowhere.

    events = Events(job.live, done=30)
    events.step(31, {"metrics": {"step": 31, "loss": 1.5}, "throughput": {"step": 31, "mfu": None}})      # `metrics/loss`

Each attempt writes a file of its own. It says at its start where it goes on, and readers then forget what an earlier one, which was
killed, had told of later steps.
"""

import time
from pathlib import Path
from typing import Any

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.proto.summary_pb2 import Summary

from koreason.records.manifest import EVENTS


class Events:
    """The event file of one attempt."""

    def __init__(self, folder: Path, done: int) -> None:
        """Begin to tell of what comes after step `done`; from the start on, what lies there is of a training that counts no more."""
        if not done:
            remove(folder)
        self._writer = EventsWriter(str(folder / EVENTS.partition(".")[0]), f".after-{done:08}")
        self._write(done + 1, session_log=SessionLog(status=SessionLog.START))

    def step(self, step: int, rows: dict[str, dict[str, Any]]) -> None:
        """Tell every number of some rows; a process that is killed loses none of it."""
        told = {f"{name}/{key}": value for name, row in rows.items() for key, value in row.items() if key != "step" and value is not None}
        self._write(step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in told.items()]))

    def _write(self, step: int, **what: Any) -> None:
        self._writer.write_event(Event(wall_time=time.time(), step=step, **what))
        self._writer.flush()

    def close(self) -> None:
        """Nothing follows."""
        self._writer.close()


def remove(folder: Path) -> None:
    """Remove a folder's event files."""
    for path in folder.glob(EVENTS):
        path.unlink()


def move(folder: Path, into: Path) -> None:
    """Let the event files of one folder take the place of another's."""
    remove(into)
    for path in folder.glob(EVENTS):
        path.replace(into / path.name)
