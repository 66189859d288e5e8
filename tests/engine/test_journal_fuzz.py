"""Journals that are damaged in every way that disks and people know: what is whole is found, what is not is drawn again, nothing is wrong.

What must be found is known without the reader: every line whose bytes still stand somewhere in the file.
"""

import errno
import json
import random
import shutil
from pathlib import Path

import pytest

from koreason.engine.answers import Answer, Segment
from koreason.engine.journals.journal import ROWS, SEGMENTS, WHOLE, Journal
from koreason.errors import UserError
from koreason.system import locks

LIMIT = 512
OLD = Path(__file__).parent / "old_journal"


class Drawn:
    """What a teacher would draw: answers of one to four segments, some of them unfinished."""

    def __init__(self, chance: random.Random) -> None:
        self.rows: dict[str, Answer] = {}
        self.segments: dict[str, list[Segment]] = {}
        for number in range(chance.randint(1, 40)):
            key = f"{chance.getrandbits(256):064x}"
            count = chance.randint(1, 4)
            self.segments[key] = [
                Segment(tuple(chance.randrange(50000) for _ in range(chance.randint(1, 60))), "think") for _ in range(count)
            ]
            if number % 3:
                text = "".join(chance.choice('가나다 "\\\n\0{}답') for _ in range(chance.randint(0, 900)))
                self.rows[key] = Answer(key, text, "stop", 5, 7)

    def write(self, journal: Journal, chance: random.Random) -> None:
        """Side by side, as an engine finishes them, and nothing that the journal has."""
        begun = {key: len(journal.begun.get(key, ())) for key in self.segments if key not in journal.rows}
        while begun:
            key = chance.choice(list(begun))
            if begun[key] < len(self.segments[key]):
                journal.add_segment(key, self.segments[key][begun[key]])
                begun[key] += 1
                continue
            if key in self.rows:
                journal.add_row(self.rows[key], LIMIT)
            del begun[key]


def flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 5))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def zeros(data: bytearray, chance: random.Random) -> None:
    at, size = chance.randrange(len(data)), chance.choice((1, 60, 512, 4096))
    data[at : at + size] = bytes(len(data[at : at + size]))


def truncated(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def lost(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice((1, 60, 512, 4096))]


def repeated(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    block = data[at : at + chance.choice((60, 512, 4096))]
    data[at:at] = block


def twice(data: bytearray, chance: random.Random) -> None:
    lines = bytes(data).splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    data[:] = b"".join(lines)


def together(data: bytearray, chance: random.Random) -> None:
    ends = [at for at, byte in enumerate(data) if byte == 10]
    del data[chance.choice(ends)]


def swapped(data: bytearray, chance: random.Random) -> None:
    lines = bytes(data).splitlines(keepends=True)
    chance.shuffle(lines)
    data[:] = b"".join(lines)


DAMAGES = (flip, zeros, truncated, lost, repeated, twice, together, swapped)


def hurt(path: Path, chance: random.Random) -> list[str]:
    """Damage a file, once or a few times."""
    data, done = bytearray(path.read_bytes()), []
    for _ in range(chance.choice((1, 1, 2, 4))):
        if data and b"\n" in data:
            damage = chance.choice(DAMAGES)
            damage(data, chance)
            done.append(damage.__name__)
    path.write_bytes(data)
    return done


def check(folder: Path, drawn: Drawn, before: dict[str, list[bytes]], what: object) -> None:
    """Nothing that is whole is missed, nothing that is found is wrong, and what is missed is counted."""
    left = {name: (folder / WHOLE / name).read_bytes() for name in (ROWS, SEGMENTS)}
    whole = {name: [json.loads(line) for line in dict.fromkeys(lines) if line in left[name]] for name, lines in before.items()}
    journal = Journal(folder, WHOLE)
    found = {key: row for key in drawn.rows if (row := journal.row(key, LIMIT)) is not None}
    assert found.keys() == {line["key"] for line in whole[ROWS]}, what
    for key, row in found.items():
        answer = drawn.rows[key]
        assert (row["text"], row["finish"], row["prompt_tokens"], row["tokens"]) == (answer.text, "stop", 5, 7), what
    for key, segments in drawn.segments.items():
        numbers = {line["number"] for line in whole[SEGMENTS] if line["key"] == key}
        count = next(number for number in range(len(segments) + 1) if number not in numbers)
        assert journal.begun.all(key) == tuple(segments[:count]), what
    assert sorted(journal.rows) == sorted(found), what
    gone = sum(len(lines) for lines in before.values()) - sum(len(lines) for lines in whole.values())
    if gone and sum(map(len, left.values())) >= sum(len(line) + 1 for lines in before.values() for line in lines):
        assert sum(journal.damage.values()) > 0, what
    drawn.write(journal, random.Random(1))
    journal.close()
    again = Journal(folder, WHOLE)
    assert set(again.rows) == drawn.rows.keys(), what
    assert all(again.begun.all(key) == tuple(segments) for key, segments in drawn.segments.items() if key not in drawn.rows), what
    again.close()


@pytest.mark.parametrize("journals", [30, pytest.param(500, marks=pytest.mark.soak)])
def test_damage_costs_what_it_hits_and_is_never_taken_for_an_answer(tmp_path: Path, journals: int) -> None:
    first = 0 if journals == 30 else random.SystemRandom().randrange(10**9)
    for seed in range(first, first + journals):
        chance, folder = random.Random(seed), tmp_path / str(seed)
        drawn = Drawn(chance)
        journal = Journal(folder, WHOLE)
        drawn.write(journal, chance)
        journal.close()
        before = {name: (folder / WHOLE / name).read_bytes().splitlines() for name in (ROWS, SEGMENTS)}
        if chance.random() < 0.3:
            for index in (folder / WHOLE).glob(".*.index"):
                index.unlink()
        done = [hurt(folder / WHOLE / name, chance) for name in (ROWS, SEGMENTS) if (folder / WHOLE / name).stat().st_size]
        check(folder, drawn, before, (seed, done))
        shutil.rmtree(folder)


def test_a_damaged_index_is_not_believed(tmp_path: Path) -> None:
    chance = random.Random(7)
    drawn = Drawn(chance)
    for damage in (flip, zeros, truncated, lost, repeated):
        folder = tmp_path / damage.__name__
        journal = Journal(folder, WHOLE)
        drawn.write(journal, chance)
        journal.close()
        before = {name: (folder / WHOLE / name).read_bytes().splitlines() for name in (ROWS, SEGMENTS)}
        for index in (folder / WHOLE).glob(".*.index"):
            data = bytearray(index.read_bytes())
            damage(data, chance)
            index.write_bytes(data)
        check(folder, drawn, before, damage.__name__)


def test_an_index_of_another_journal_is_not_believed(tmp_path: Path) -> None:
    """Somebody copies files about."""
    chance = random.Random(8)
    kinds = {name: Drawn(chance) for name in ("one", "two")}
    for name, drawn in kinds.items():
        journal = Journal(tmp_path / name, WHOLE)
        drawn.write(journal, chance)
        journal.close()
    for index in (tmp_path / "one" / WHOLE).glob(".*.index"):
        shutil.copy(index, tmp_path / "two" / WHOLE / index.name)
    before = {name: (tmp_path / "two" / WHOLE / name).read_bytes().splitlines() for name in (ROWS, SEGMENTS)}
    check(tmp_path / "two", kinds["two"], before, "copied")


@pytest.mark.parametrize("seed", range(12))
def test_old_journals_may_be_damaged_too(tmp_path: Path, seed: int) -> None:
    """They have no checksums, so what is lost or changed inside a line is not always seen; what lies on lines of its own is kept."""
    chance = random.Random(seed)
    shutil.copytree(OLD, tmp_path / WHOLE)
    rows = (OLD / ROWS).read_bytes().splitlines()
    hurt(tmp_path / WHOLE / SEGMENTS, chance)
    place = tmp_path / WHOLE / ROWS
    data = bytearray(place.read_bytes())
    chance.choice((zeros, together, twice, truncated))(data, chance)
    place.write_bytes(data)
    whole = [json.loads(line) for line in rows if line in bytes(data)]
    journal = Journal(tmp_path, WHOLE)
    assert sorted(journal.rows) == sorted({line["key"] for line in whole})
    assert all(journal.rows[line["key"]] == line for line in whole)
    list(journal.begun.items())
    journal.add_row(Answer("new", "답", "stop", 1, 1), LIMIT)
    journal.close()
    assert "new" in Journal(tmp_path, WHOLE).rows


def test_a_file_system_without_locks_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    with pytest.raises(UserError, match="its file system gives no locks"):
        Journal(tmp_path, WHOLE)
