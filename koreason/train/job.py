"""What a training job was asked to do: the arguments that `train` and `train-rank` share.

job = read_job(arguments)
job.settings  # digest of all that decides the weights; a checkpoint of other settings is never continued
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from koreason.errors import UserError
from koreason.manifest import canonical, digest, read_manifest
from koreason.settings import add_spec, read_spec
from koreason.train.spec import Model, Schedule

CHECKPOINTS = "checkpoints"  # below the model's folder, undeclared


@dataclass(frozen=True)
class Job:
    """A model to train, and on what.

    Attributes:
        packed, base: folders of the packed data and of the weights to start from.
        out: folder of the trained model.
        settings: digest of the model's spec, the schedule and both inputs' manifests.
    """

    spec: Model
    schedule: Schedule
    packed: Path
    base: Path
    out: Path
    settings: str

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.out / CHECKPOINTS

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
    spec, schedule = read_spec(arguments.spec, Model), read_spec(arguments.schedule, Schedule)
    positive = {
        "tensor_parallel": spec.tensor_parallel,
        "data_parallel": spec.data_parallel,
        "epochs": schedule.epochs,
        "max_steps": 1 if schedule.max_steps is None else schedule.max_steps,
        "sequence_length": schedule.sequence_length,
        "global_batch": schedule.global_batch,
        "save_every": schedule.save_every,
        "keep_checkpoints": schedule.keep_checkpoints,
    }
    for name, value in positive.items():
        if value < 1:
            raise UserError(f"is {value}", name, "it must be 1 or more")
    if schedule.clip <= 0:
        raise UserError(f"is {schedule.clip}", "clip", "it must be more than 0")
    packed, base = read_manifest(arguments.packed), read_manifest(arguments.base)
    return Job(
        spec=spec,
        schedule=schedule,
        packed=arguments.packed.parent,
        base=arguments.base.parent,
        out=arguments.out,
        settings=digest([canonical(vars(spec)), canonical(vars(schedule)), packed, base]),
    )
