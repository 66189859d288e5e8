"""Say how far drawing and training are, from what they write, while jobs run anywhere.

    koreason status                                      what is not done below results/
    koreason status results/traces/demo --all            what is done, too
    koreason status --watch                              again every ten seconds

It reads journals, attempts and `run.json`, needs no configuration and no cluster, and changes nothing but a file `.status.npz` beside
each journal, by which the next look reads only what is new. Mean and 99th percentile of length count answers in flight, too: finished
ones alone are the short ones. What is left is given with the range that holds nine in ten cases.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

from koreason.ops.kept.prune import RESULTS, below, existing
from koreason.ops.watching.drawing import Drawing
from koreason.ops.watching.shown import drawing_lines, spell
from koreason.ops.watching.training import Training
from koreason.records.manifest import LIVE
from koreason.shown import CLEAR, printable, signs

FEWEST = 4  # shards of each journal that are shown on a small terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason status`."""
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="only what lies at or below these (default: results)")
    parser.add_argument("--all", action="store_true", help="what is done, too")
    parser.add_argument("--watch", nargs="?", type=_seconds, const=10.0, metavar="SECONDS", help="look again, every so often")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds; folders stand in front of it") from None
    if not 1 <= seconds < 86400:
        raise argparse.ArgumentTypeError("at least 1, and less than a day")
    return seconds


def main(arguments: argparse.Namespace) -> None:
    """Look and tell, once or until Ctrl-C."""
    watched = Watched(arguments.folders or [RESULTS], everything=arguments.all)
    watches = arguments.watch is not None and sys.stdout.isatty()
    try:
        while True:
            size = shutil.get_terminal_size()
            lines = watched.lines(time.time(), size.lines - 1 if watches else None)
            if not watches:
                print("\n".join(lines))
                return
            # one write, so that no half of it is seen
            signs(CLEAR + printable("\n".join(line[: size.columns] for line in lines[: size.lines - 1])) + "\n")
            time.sleep(arguments.watch)
    except KeyboardInterrupt:
        if not watches:
            raise


class Watched:
    """Everything at or below some folders that draws or trains; what appears later is found when it does."""

    def __init__(self, folders: list[Path], everything: bool) -> None:
        self._folders, self._everything = existing(folders), everything
        self._drawings: dict[Path, Drawing] = {}
        self._trainings: dict[Path, Training] = {}

    def lines(self, now: float, height: int | None) -> list[str]:
        """What there is to say now, in so many lines if that can be."""
        for folder in self._folders:
            self._find(folder)
        for drawing in self._drawings.values():
            drawing.look(now)
        for training in self._trainings.values():
            training.look(now)
        drawings = [one for one in self._drawings.values() if self._everything or one.all.state != "done"]
        trainings = [one for one in self._trainings.values() if self._everything or one.state != "done"]
        most = None if height is None or not drawings else max((height - len(trainings)) // len(drawings) - 9, FEWEST)
        lines = []
        for drawing in drawings:
            lines += [*drawing_lines(drawing, now, most), ""]
        lines += [_trained(training) for training in trainings]
        done = len(self._drawings) - len(drawings) + len(self._trainings) - len(trainings)
        if done:
            lines.append(f"{done} done" + ("" if self._everything else ": --all shows them"))
        return lines or ["nothing has begun to draw or to train here"]

    def _find(self, folder: Path) -> None:
        for path in sorted(journal.absolute() for journal in below(folder) if any(journal.glob("*-of-*"))):
            self._drawings.setdefault(path, Drawing(path))
        for path in sorted(folder.glob("**/metrics.jsonl")):
            results = next((above for above in path.absolute().parents if above.name == "models"), None)
            if results is not None and "checkpoints" not in path.parts:
                out = (path.parents[1] if path.parent.name == LIVE else path.parent).absolute()
                self._trainings.setdefault(out, Training(out, results.parent.parent / "logs"))


def _trained(training: Training) -> str:
    steps = f"{training.step:,} of {'?' if training.of is None else format(training.of, ',')} steps"
    speed = f", {training.seconds:.1f} s a step" if training.seconds else ""
    left = f", {spell(training.left)} left" if training.left is not None and training.state == "training" else ""
    return f"{'/'.join(training.out.parts[-4:])}: {steps}, loss {training.loss:.4f}{speed}{left}; {training.state}"
