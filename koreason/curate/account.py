"""What became of each record and of each byte of a dump.

with Account(stage) as account:
    account.read(source, wanted, "source forum", add)      # which of a dump's records are taken, `add` says
account.declare(stage, accepted)
"""

from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any

from koreason.curate.reading.dump import streams
from koreason.curate.reading.readers import READERS
from koreason.curate.reading.records import Record
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source
from koreason.errors import UserError
from koreason.records.digests import canonical
from koreason.records.stage import Stage

RAW_CHARS = 300
REJECTED, FILES = "rejected.jsonl", "files.jsonl"
FATES = ("accepted", "skipped", "rejected")
MOST_IN_MANIFEST = 1000  # files: beyond, Snakemake would no longer compare the manifest by its content


class Account:
    """Counts of records and bytes, and the files that tell of each rejected record and each file."""

    def __init__(self, stage: Stage) -> None:
        self._rejects = open(stage.path(REJECTED), "w", encoding="utf-8")  # noqa: SIM115
        self._lines = open(stage.path(FILES), "w", encoding="utf-8")  # noqa: SIM115
        self.records = 0
        self.skipped, self.rejected = Counter[str](), Counter[str]()
        self._examples: dict[str, str] = {}
        self._bytes: Counter[str] = Counter()
        self._files: list[dict[str, Any]] = []
        self._count = 0

    def read(self, source: Source, wanted: Wanted, where: str, add: Callable[[str, Record], Unused | None]) -> None:
        """Read all of a dump's records; `add` gets a file's name and a record, and says why it is not taken.

        Raises:
            UserError: none was taken, a mapped column never occurred, too many were rejected, or bytes are unaccounted for.
        """
        for stream in streams(source):
            self._begin(stream)
            for record in READERS[source.format](stream, source, wanted):
                self._add(record, add(stream.name, record))
            self._end(stream)
        if wanted.known and wanted.unseen:
            wanted.lacks(sorted(wanted.unseen), wanted.known, where)
        self._judge(where, source.max_reject_share)

    def _begin(self, stream: Stream) -> None:
        """Open a file's account."""
        self._stream, self._weights = stream, dict.fromkeys(FATES, 0)
        self._numbers = dict.fromkeys(FATES, 0)

    def _add(self, record: Record, reason: Unused | None) -> None:
        """Count a record; `reason` says why it is not taken."""
        weight = record.weight
        if weight is None:
            weight = record.bytes or 0
        if reason is None:
            self._weights["accepted"] += weight
            self._numbers["accepted"] += 1
            return
        fate = "skipped" if record.skipped else "rejected"
        self._weights[fate] += weight
        self._numbers[fate] += 1
        if record.skipped:
            self.skipped[reason] += 1
            return
        self.rejected[reason] += 1
        name = self._stream.name
        self._examples.setdefault(reason, f"{name} record {record.number}")
        line = {"file": name, "record": record.number, "reason": reason, "raw": _shown(record.raw)}
        self._rejects.write(canonical(line) + "\n")

    def _end(self, stream: Stream) -> None:
        """Close a file's account.

        Raises:
            UserError: it does not add up.
        """
        known = sum(self._weights.values()) + stream.between
        if stream.bytes != known:
            raise UserError(
                f"{stream.bytes:,} bytes were read, {known:,} are accounted for", stream.path, "report this: a reader lost some"
            )
        if stream.rows is not None and stream.rows != stream.rows_read:
            raise UserError(f"has {stream.rows:,} rows, {stream.rows_read:,} were read", stream.path, "it is damaged: fetch it again")
        line = {"file": stream.name, "records": self._numbers, "bytes": stream.bytes, "lines": stream.lines}
        line |= {"bytes_of": {**self._weights, "between": stream.between}}
        self._lines.write(canonical(line) + "\n")
        self._count += 1
        if self._count <= MOST_IN_MANIFEST:
            self._files.append(line)
        self.records += sum(self._numbers.values())
        self._bytes.update({"read": stream.bytes, **self._weights, "between": stream.between})

    def _judge(self, where: str, most: float) -> None:
        """Refuse a dump without questions, or with too many damaged records or bytes.

        Raises:
            UserError: naming the commonest reason and where it first occurred.
        """
        rejected, total = self.rejected.total(), self.records - self.skipped.total()
        worst = sorted(self.rejected.items(), key=lambda item: (-item[1], item[0]))[:1]
        why = "".join(f"; the commonest reason is {reason} ({count}, first at {self._examples[reason]})" for reason, count in worst)
        allowed = f"more than the share of {most:g} that max_reject_share allows"
        if rejected > most * total:
            raise UserError(f"{rejected} of {total} records were rejected, {allowed}{why}", where)
        lost, weighed = self._bytes["rejected"], self._bytes["rejected"] + self._bytes["accepted"]
        if lost > most * weighed:
            raise UserError(f"{lost:,} of {weighed:,} bytes lie in records that were rejected, {allowed}{why}", where)
        if rejected == total:
            raise UserError(f"no question in its files{why}", where, "check its format and columns")

    def declare(self, stage: Stage, accepted: int) -> None:
        """Declare the files, and write the counts."""
        stage.add(REJECTED, rows=self.rejected.total())
        stage.add(FILES, rows=self._count)
        stage.counts.update(records=self.records, accepted=accepted, skipped=dict(self.skipped), rejected=dict(self.rejected))
        stage.counts["bytes"] = dict(self._bytes)
        if self._count <= MOST_IN_MANIFEST:
            stage.counts["files"] = self._files

    def __enter__(self) -> "Account":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._rejects.close()
        self._lines.close()


def _shown(raw: Any) -> str:
    """The beginning of a record as found; what is no text as Python writes it."""
    if isinstance(raw, bytes):
        text = raw[: 4 * RAW_CHARS].decode("utf-8", "backslashreplace")
    elif isinstance(raw, dict):
        text = repr({name: value[:RAW_CHARS] if isinstance(value, str | bytes) else value for name, value in raw.items()})
    else:
        text = raw
    return text[:RAW_CHARS].encode("utf-8", "backslashreplace").decode()
