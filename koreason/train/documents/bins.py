"""Packed documents as bins of one micro-batch each, and which bins make up a step.

    plan = plan_bins(lengths, schedule)
    for bins in plan.step(0): ...

All of it is a pure function of the documents' lengths and the schedule, so a resumed run needs only its step number.
"""

import bisect
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from koreason.errors import UserError
from koreason.records.held import Held
from koreason.train.spec import Schedule

Ints = npt.NDArray[np.int64]
HELD_OUT = 2**31  # of the seeds that are drawn from: beyond every epoch
ARRAYS = {"tokens.npy": np.int32, "loss_mask.npy": np.uint8, "bounds.npy": np.int64}


@dataclass(frozen=True)
class Packed:
    """The arrays of a packed folder, mapped from disk.

    Attributes:
        tokens: int32 [all tokens].
        mask: uint8 [all tokens], 1 where a token is learnt.
        bounds: int64 [documents + 1], where each document begins and the last one ends.
    """

    tokens: npt.NDArray[np.int32]
    mask: npt.NDArray[np.uint8]
    bounds: Ints


def read_packed(made: Held) -> Packed:
    """Map the arrays that `koreason pack` wrote.

    Raises:
        UserError: one is missing, is not what its manifest says, is no such array, or they contradict each other.
    """
    arrays = []
    for name, kind in ARRAYS.items():
        path = made.path(name)
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise UserError(f"not a NumPy array ({error})", path, "delete its folder and run `koreason pack` again") from None
        if array.dtype != kind or array.ndim != 1:
            raise UserError(f"holds {array.dtype} where {np.dtype(kind)} belongs", path, "delete its folder and run `koreason pack` again")
        arrays.append(array)
    packed = Packed(*arrays)
    if len(packed.bounds) == 0 or packed.bounds[-1] != len(packed.tokens) or len(packed.tokens) != len(packed.mask):
        raise UserError("tokens, mask and bounds differ in length", made.folder, "delete it and run `koreason pack` again")
    return packed


def best_fit(lengths: Ints, capacity: int) -> list[list[int]]:
    """Put documents into bins, longest first, each where it leaves the least room; ties go by index.

    Longest-first best-fit fills 99.6 to 99.95 % of 16k bins on lengths like those of reasoning traces.
    """
    bins: list[list[int]] = []
    rooms: list[int] = []  # sizes of the room left, ascending, each once
    by_room: dict[int, list[int]] = {}
    for document in np.lexsort((np.arange(len(lengths)), -lengths)).tolist():
        length = int(lengths[document])
        place = bisect.bisect_left(rooms, length)
        if place == len(rooms):
            number, room = len(bins), capacity
            bins.append([])
        else:
            room = rooms[place]
            number = by_room[room].pop()
            if not by_room[room]:
                del by_room[room], rooms[place]
        bins[number].append(document)
        left = room - length
        if left:
            if left not in by_room:
                by_room[left] = []
                bisect.insort(rooms, left)
            by_room[left].append(number)
    return bins


@dataclass(frozen=True)
class Plan:
    """Which documents are trained on in which order.

    Attributes:
        lengths: of all documents, those that are not trained on among them.
        units: what a step takes `global_batch` of, as documents: bins, or single documents that are packed step by step.
        held_out: documents of which nothing is learnt; bins of them.
        dropped: documents longer than the sequence length.
        steps: optimizer steps in all.
    """

    lengths: Ints
    units: list[list[int]]
    held_out: list[list[int]]
    dropped: int
    steps: int
    steps_per_epoch: int
    schedule: Schedule

    @property
    def documents(self) -> int:
        """Documents that are trained on."""
        return sum(map(len, self.units))

    @property
    def bins(self) -> int:
        """Bins of the first epoch."""
        if self.schedule.batch_of == "bins":
            return len(self.units)
        return sum(len(self.step(step)) for step in range(self.steps_per_epoch))

    def epoch(self, step: int) -> int:
        """Pass over the data that `step` (from 0) belongs to, from 0."""
        return step // self.steps_per_epoch

    def ends_epoch(self, step: int) -> bool:
        """Whether an epoch, or all, ends with `step` (from 0)."""
        return (step + 1) % self.steps_per_epoch == 0 or step + 1 == self.steps

    def step(self, step: int) -> list[list[int]]:
        """Documents of each bin of one step, the costliest bin first; an epoch's last step may have fewer."""
        order = np.random.default_rng([self.schedule.seed, self.epoch(step)]).permutation(len(self.units))
        start = step % self.steps_per_epoch * self.schedule.global_batch
        batch = [self.units[number] for number in order[start : start + self.schedule.global_batch].tolist()]
        if self.schedule.batch_of == "documents" and self.schedule.packing:
            batch = _fill([document for unit in batch for document in unit], self.lengths, self.schedule.sequence_length)
        return sorted(batch, key=lambda documents: (-self.cost(documents), documents))

    def cost(self, documents: list[int]) -> int:
        """Sum of squared lengths, to which attention's work is proportional."""
        return sum(int(self.lengths[document]) ** 2 for document in documents)

    def share(self, step: int, rank: int, ranks: int) -> list[list[int]]:
        """A data-parallel rank's bins of one step; some are empty where that gives all ranks the same number."""
        return shared(self.step(step), rank, ranks)


def shared(batch: list[list[int]], rank: int, ranks: int) -> list[list[int]]:
    """One of some ranks' bins, of which all have the same number."""
    return [*batch, *([[]] * (-len(batch) % ranks))][rank::ranks]


def _fill(documents: list[int], lengths: Ints, capacity: int) -> list[list[int]]:
    return [[documents[item] for item in group] for group in best_fit(lengths[documents], capacity)]


def plan_bins(lengths: Ints, schedule: Schedule) -> Plan:
    """Plan a training run over documents of these lengths, in tokens."""
    fitting = np.flatnonzero(lengths <= schedule.sequence_length)
    held_out = _drawn(len(fitting), schedule)
    learnt = np.delete(fitting, held_out).tolist()
    if schedule.packing and schedule.batch_of == "bins":
        units = _fill(learnt, lengths, schedule.sequence_length)
    else:
        units = [[document] for document in learnt]
    steps_per_epoch = math.ceil(len(units) / schedule.global_batch)
    steps = schedule.epochs * steps_per_epoch
    return Plan(
        lengths=lengths,
        units=units,
        held_out=_fill(fitting[held_out].tolist(), lengths, schedule.sequence_length),
        dropped=len(lengths) - len(fitting),
        steps=steps if schedule.max_steps is None else min(steps, schedule.max_steps),
        steps_per_epoch=steps_per_epoch,
        schedule=schedule,
    )


def _drawn(documents: int, schedule: Schedule) -> Ints:
    """Which documents are held out, by their places: a seeded share, and one at least where that is not nothing."""
    count = min(documents - 1, max(1, round(schedule.held_out * documents))) if schedule.held_out and documents > 1 else 0
    return np.sort(np.random.default_rng([schedule.seed, HELD_OUT]).permutation(documents)[:count])


@dataclass(frozen=True)
class Bin:
    """One micro-batch.

    Attributes:
        tokens: int64 [n], documents one after the other, padded up to a multiple.
        labels: int64 [n], the next token within the document.
        mask: float32 [n], 1 where the label is learnt; 0 on a document's last token, which has no next.
        bounds: int32 [documents + 1], with the padding as a last document.
        size: tokens without padding.
    """

    tokens: Ints
    labels: Ints
    mask: npt.NDArray[np.float32]
    bounds: npt.NDArray[np.int32]
    size: int

    @property
    def learnt(self) -> tuple[Ints, Ints]:
        """Places whose label is learnt, and those labels."""
        places = np.flatnonzero(self.mask)
        return places, self.labels[places]


def assemble(packed: Packed, documents: Iterable[int], multiple: int) -> Bin:
    """Lay documents into a bin whose length is a multiple of `multiple`, 1 or more of it."""
    tokens, labels, mask, bounds = [], [], [], [0]
    for document in documents:
        start, end = packed.bounds[document : document + 2].tolist()
        ids = packed.tokens[start:end].astype(np.int64)
        tokens.append(ids)
        labels.append(np.append(ids[1:], 0))
        mask.append(np.append(packed.mask[start + 1 : end], 0).astype(np.float32))
        bounds.append(bounds[-1] + len(ids))
    size = bounds[-1]
    padding = -size % multiple or (multiple if size == 0 else 0)
    if padding:
        tokens.append(np.zeros(padding, np.int64))
        labels.append(np.zeros(padding, np.int64))
        mask.append(np.zeros(padding, np.float32))
        bounds.append(size + padding)
    return Bin(
        tokens=np.concatenate(tokens),
        labels=np.concatenate(labels),
        mask=np.concatenate(mask),
        bounds=np.array(bounds, np.int32),
        size=size,
    )
