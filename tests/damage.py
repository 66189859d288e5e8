"""Ways in which a file stops being what its manifest says, and that a stage refuses each of them.

refuses_damage(lambda: main(["clean", ...]), source / "prompts.parquet", out, capsys)
"""

import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def flip(file: Path) -> None:
    """Change one bit in place, and give the file its old times back."""
    before, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    with open(file, "r+b") as opened:
        opened.write(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 1)


def replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(bytes(file.stat().st_size))
    other.replace(file)


DAMAGES: dict[str, Callable[[Path], None]] = {"flipped": flip, "truncated": truncate, "replaced": replace, "gone": Path.unlink}


class Errors:
    """What pytest's `capsys` is, for scripts that run outside of it."""

    def __init__(self) -> None:
        self._text = sys.stderr = io.StringIO()

    def readouterr(self) -> SimpleNamespace:
        """What was written to standard error since the last time."""
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return SimpleNamespace(err=text)


def refuses_damage(command: Callable[[], int], file: Path, out: Path, capsys: Any) -> None:
    """Do all of it to a file, one after the other: each is exit status 2 and one line that names the file, and nothing is made."""
    whole = file.with_name(".whole")
    shutil.copy2(file, whole)
    for name, damage in DAMAGES.items():
        damage(file)
        capsys.readouterr()
        assert command() == 2, name
        lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("koreason: ")]
        assert len(lines) == 1 and str(file) in lines[0] and "koreason verify --repair" in lines[0], (name, lines)
        made = [path for path in out.rglob("*") if path.is_file() and path != whole] if out.is_dir() else []
        assert made == [], name
        file.unlink(missing_ok=True)
        shutil.copy2(whole, file)
    whole.unlink()
