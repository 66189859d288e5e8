"""Model folders, configurations and benchmarks at random: one line or a good end, nothing written outside, bounded memory.

Ten of each, always the same ones; in `make soak` others, for five minutes together.
"""

import contextlib
import copy
import io
import json
import os
import random
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from made_model import made

from koreason.checking.command import refused
from koreason.cli import main
from koreason.config.checks.check import check
from koreason.config.checks.structure import ConfigError
from koreason.config.files.layers import layered
from koreason.errors import UserError
from koreason.pretrained.understood import findings
from koreason.records.digests import sha256_file
from tests.soak import SOAKING

pytestmark = [pytest.mark.soak] if SOAKING else []
INPUTS, SECONDS = 10, 100.0
MEMORY = 1 << 20  # KiB beside what the process had
HOME = Path(__file__).resolve().parents[2]
VALUES: list[Any] = [
    None, True, -1, 0, 10**9, 10**40, 1e308, float("nan"), float("inf"), "", "many", "\x00", "\u202e", "../../x", "/etc/hostname",
    "~/.netrc", "$HF_TOKEN", "${HOME}",
    "a" * 5000, "가" * 999, [], {}, [[]], {"": ""}, ["a"] * 999, "{{ 7 * 7 }}", "<|im_end|>", "\\text{" * 999, "((((",
    "=cmd|' /C calc'!A0", "\x1b[2J", "https://example.org/x", "__use_yte__", {"auto_map": "x.py"}, "trust_remote_code", "\ud800", "1:1:1",
]  # fmt: skip
BYTES = [
    b"\x00",
    b"\xff",
    b"{",
    b"]",
    b'"',
    b"\n",
    b"\r\n",
    b"[" * 3000,
    b"9" * 400,
    b"NaN",
    b'{"a":1,"a":2}',
    b"PAR1",
    b"\x1f\x8b",
    b"\xef\xbb\xbf",
]


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value: what holds it, and by which key."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from nodes(inner)


def spoilt(value: Any, chance: random.Random) -> Any:
    """A value with one to three places otherwise."""
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        if not (places := list(nodes(value))):
            break
        holder, key = chance.choice(places)
        kind = chance.random()
        if kind < 0.15:
            holder.pop(key)
        elif kind < 0.3 and isinstance(holder, dict):
            holder[str(chance.choice(VALUES))[:50]] = copy.deepcopy(chance.choice(VALUES))
        else:
            holder[key] = copy.deepcopy(chance.choice(VALUES))
    return value


def spoil_bytes(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        data[at : at + chance.choice([0, 0, 1, 9, 999])] = chance.choice(BYTES)
    path.write_bytes(data[: chance.choice([len(data), len(data), len(data) // 2])])


def spoil_files(folder: Path, outside: Path, chance: random.Random) -> None:
    """One to three files of a folder with other values or bytes, as links, or gone."""
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) or [folder / "x"])
        kind = chance.random()
        if kind < 0.5 and path.suffix == ".json":
            with contextlib.suppress(ValueError, RecursionError):  # of what was spoilt before
                path.write_text(json.dumps(spoilt(json.loads(path.read_bytes()), chance)), encoding="utf-8", errors="replace")
        elif kind < 0.8 and path.is_file():
            spoil_bytes(path, chance)
        elif kind < 0.9:
            path.unlink(missing_ok=True)
            path.symlink_to(chance.choice([outside / "theirs", outside, Path("/dev/zero"), Path("nowhere"), path]))
        else:
            path.unlink(missing_ok=True)


def tried(tmp_path: Path, name: str, attempt: Callable[[Path, Path, random.Random], None]) -> None:
    """Try inputs, each in a folder of its own; what lies outside is as it was."""
    (outside := tmp_path / "outside").mkdir()
    (outside / "theirs").write_text("theirs")
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    first = random.randrange(10**9) if SOAKING else 0
    number = 0
    while number < INPUTS or (SOAKING and time.monotonic() - began < SECONDS):
        seed, number = first + number, number + 1
        folder = tmp_path / f"in-{number}"
        folder.mkdir()
        started = time.process_time()
        try:
            attempt(folder, outside, random.Random(f"{name} {seed}"))
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}: {error!r}") from error
        assert time.process_time() - started < 30, f"{name}, seed {seed}: no end"
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < MEMORY, f"{name}, seed {seed}: {grown >> 10} MiB"
        assert {path.name: path.read_text() for path in outside.iterdir()} == {"theirs": "theirs"}, f"{name}, seed {seed}"
        assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("in-")) == ["outside"], f"{name}, seed {seed}"
        os.sync() if number % 1000 == 0 else None


def said(arguments: list[str]) -> None:
    """Run a command: it ends well, or with status 2 and one line that a terminal only shows."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        status = main(arguments)
    lines = [line for line in errors.getvalue().splitlines() if line.startswith("koreason: ")]
    assert status == 0 or (status == 2 and len(lines) == 1), (status, errors.getvalue()[-500:])
    assert all(line.isprintable() for line in lines), lines


def test_model_folders(tmp_path: Path) -> None:
    def attempt(folder: Path, outside: Path, chance: random.Random) -> None:
        model = made(folder / "model", shards=chance.choice([1, 2]))
        spoil_files(model, outside, chance)
        for trained in (True, False):
            for finding in findings(model, trained):
                assert str(UserError(str(finding))).isprintable()

    tried(tmp_path, "models", attempt)


def test_configurations(tmp_path: Path) -> None:
    whole = layered([HOME / "config" / "demo.yaml"])
    own = yaml.safe_load((HOME / "config" / "demo.yaml").read_text(encoding="utf-8"))

    def attempt(folder: Path, outside: Path, chance: random.Random) -> None:
        file = folder / "c.yaml"
        file.write_text(yaml.safe_dump(spoilt(own, chance), allow_unicode=True), encoding="utf-8", errors="replace")
        if chance.random() < 0.3:
            spoil_bytes(file, chance)
        with contextlib.suppress(UserError):
            try:
                check(layered([file]))
            except ConfigError as error:
                assert len(refused(error, [file], None)) >= len(error.lines)
        with contextlib.suppress(UserError):
            check(spoilt(whole, chance))

    tried(tmp_path, "configurations", attempt)


def test_benchmarks(tmp_path: Path) -> None:
    items = [{"id": f"i{n}", "question": f"{n} + 1 = ? ① 1 ② 2", "options": ["1", "2"], "gold": "A", "category": "c"} for n in range(6)]

    def attempt(folder: Path, outside: Path, chance: random.Random) -> None:
        file = folder / "test.jsonl"
        lines = (json.dumps(spoilt(item, chance) if chance.random() < 0.5 else item) for item in items)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")
        if chance.random() < 0.4:
            spoil_bytes(file, chance)
        spec: dict[str, Any] = {"kind": chance.choice(["choice", "math"])}
        if chance.random() < 0.5:
            spec |= {"file": str(file), "sha256": sha256_file(file)}
        else:
            spec |= {"hub": str(folder), "split": "test"}
            if chance.random() < 0.5:
                (folder / "README.md").write_text(f"---\nconfigs: {json.dumps(chance.choice(VALUES))}\n---\n", errors="replace")
            if chance.random() < 0.3:
                (folder / "test-2.jsonl").symlink_to(outside / "theirs")
        if chance.random() < 0.3:
            spec = spoilt(spec, chance)
        said(["bench", "--spec", json.dumps(spec), "--out", str(folder / "out")])

    tried(tmp_path, "benchmarks", attempt)
