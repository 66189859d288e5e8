"""What a training job was asked to do: the arguments that `train` and `train-rank` share.

job = read_job(arguments)
job.settings  # digest of all that decides the weights; a checkpoint of other settings is never continued
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from koreason.config.load import add_spec, read_spec, what
from koreason.records.digests import digest
from koreason.records.held import Held, held
from koreason.records.manifest import CHECKPOINTS, LIVE
from koreason.train.spec import Model, Schedule


@dataclass(frozen=True)
class Job:
    """A model to train, and on what.

    Attributes:
        packed, base: the packed data, and the weights to start from.
        out: folder of the trained model.
        settings: digest of what the model's spec and the schedule say is made, and of both inputs' manifests.
    """

    spec: Model
    schedule: Schedule
    packed: Held
    base: Held
    out: Path
    settings: str

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.out / CHECKPOINTS

    @property
    def live(self) -> Path:
        """Folder of `metrics.jsonl` and `throughput.jsonl` while it is trained: what lies in `out` may be of an earlier model."""
        return self.out / LIVE

    @property
    def ranks(self) -> int:
        """Processes in all."""
        return self.spec.tensor_parallel * self.spec.data_parallel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    add_spec(parser, Model)
    parser.add_argument("--schedule", required=True, metavar="JSON", help="a Schedule of the configuration")
    parser.add_argument("--packed", required=True, type=Path, metavar="MANIFEST", help="manifest of the packed mix")
    parser.add_argument("--base", required=True, type=Path, metavar="MANIFEST", help="manifest of the weights to start from")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the trained model")


def read_job(arguments: argparse.Namespace) -> Job:
    """Read the command line.

    Raises:
        UserError: a specification or a manifest cannot be read, or asks for the impossible.
    """
    spec, schedule = read_spec(arguments.spec, Model, arguments.how), read_spec(arguments.schedule, Schedule, arguments.how)
    packed, base = held(arguments.packed), held(arguments.base)
    return Job(
        spec=spec,
        schedule=schedule,
        packed=packed,
        base=base,
        out=arguments.out,
        settings=digest([what(spec), what(schedule), packed.made, base.made]),
    )
