"""An image file without Apptainer."""

import struct
from pathlib import Path


def write_sif(path: Path, contents: bytes, identifier: bytes = b"i" * 16, when: int = 5, user: int = 1000) -> None:
    """A SIF as Apptainer lays it out, with a table of two places, one of them free, and one object."""
    table, start = 4096, 8192
    header = struct.pack("<32s10s3s3s16s8q", b"#!run\n", b"SIF_MAGIC", b"01", b"02", identifier, when, when, 1, 2, table, 2 * 585, start, 1)
    used = struct.pack("<i?3I7q", 0x4004, True, 1, 1, 0, start, len(contents), len(contents), when, when, user, user)
    body = header.ljust(table, b"\0") + used.ljust(585, b"\0") + b"".ljust(585, b"\0")
    path.write_bytes(body.ljust(start, b"\0") + contents)
