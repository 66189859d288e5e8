"""A dump's bytes: compression known by the first of them, proven ends, caps, byte order marks."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from koreason.curate.reading.streamed import streams
from koreason.curate.reading.streamed.streams import opened
from koreason.errors import UserError
from tests.soak import few

TEXT = random.Random(7).randbytes(30_000).hex().encode() + b"\n" * 70_000


def zip_of(data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("a.jsonl", data)
    return packed.getvalue()


def long_window(data: bytes) -> bytes:
    """As `zstd --long=31` writes it to a pipe: the frame asks for a window of 2 GiB."""
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=31)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(data) + packer.flush()


PACKS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gz": gzip.compress,
    "zst": zstandard.compress,
    "zst --long=31": long_window,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zip": zip_of,
    "zip of bz2": lambda data: zip_of(data, zipfile.ZIP_BZIP2),
    "zip of xz": lambda data: zip_of(data, zipfile.ZIP_LZMA),
}
FRAMED = ("gz", "zst", "bz2", "xz")


def content(path: Path, data: bytes, most: int | None = None) -> dict[str, bytes]:
    path.write_bytes(data)
    found = {}
    for stream in opened(path, "dump", most):
        found[stream.name] = b"".join(stream.chunks())
        assert stream.bytes == len(found[stream.name]) + stream.start and stream.lines == found[stream.name].count(b"\n")
    return found


@pytest.mark.parametrize("kind", PACKS)
def test_what_was_packed_comes_out(tmp_path, kind):
    name = "dump/a.jsonl" if "zip" in kind else "dump"
    for suffix in ("", ".gz", ".GZ", ".zst", ".jsonl"):  # it says nothing
        for text in (TEXT, b"", b"x"):
            if text or kind != "plain":
                assert content(tmp_path / f"a{suffix}", PACKS[kind](text)) == {name: text}


@pytest.mark.parametrize("kind", FRAMED)
def test_several_members_are_one_file(tmp_path, kind):
    pack = PACKS[kind]
    assert content(tmp_path / "a", pack(TEXT) + pack(b"") + pack(b"end")) == {"dump": TEXT + b"end"}


def test_what_tools_add_at_the_end_is_no_damage(tmp_path):
    for kind in ("gz", "xz"):
        assert content(tmp_path / "a", PACKS[kind](TEXT) + bytes(100_000)) == {"dump": TEXT}
    skippable = b"\x50\x2a\x4d\x18\x04\0\0\0seek"  # as seekable formats write it, at either end
    assert content(tmp_path / "a", skippable + zstandard.compress(TEXT) + skippable) == {"dump": TEXT}


@pytest.mark.parametrize("kind", [kind for kind in PACKS if kind != "plain"])
def test_a_cut_or_damaged_file_is_refused(tmp_path, kind):
    packed, draw = PACKS[kind](TEXT), random.Random(kind)
    cuts = [len(packed) - 1, len(packed) // 2, 20, *(draw.randrange(20, len(packed)) for _ in range(few(8)))]
    broken = [packed[:cut] for cut in cuts]
    if "zip" not in kind:  # a zip may lie behind a program that unpacks it, and before a comment
        broken += [packed + b"garbage", packed + b"\n", packed + packed[:30], packed + PACKS["gz" if kind != "gz" else "xz"](TEXT)]
    for data in broken:
        with pytest.raises(UserError, match=r"cannot be decompressed|not a readable zip"):
            content(tmp_path / "a", data)
    for _ in range(few(8)):
        place = draw.randrange(len(packed) // 4, len(packed) // 2)
        data = packed[:place] + bytes([packed[place] ^ 0x55]) + packed[place + 1 :]
        if kind.startswith("zst"):  # without a check sum a change may go unseen, as it does for `zstd -d`
            continue
        with pytest.raises(UserError):
            content(tmp_path / "a", data)


def test_a_zips_members_are_files_of_their_own(tmp_path):
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        for name in ("b/2.csv", "__MACOSX/b/._2.csv", "a.csv"):
            archive.writestr(name, name)
        archive.mkdir("c")
    assert content(tmp_path / "a", (tmp_path / "a").read_bytes()) == {"dump/b/2.csv": b"b/2.csv", "dump/a.csv": b"a.csv"}


def test_what_is_no_text_is_refused_by_name(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(__file__)
    tar = (tmp_path / "a.tar").read_bytes()
    office = io.BytesIO()
    with zipfile.ZipFile(office, "w") as archive:
        archive.writestr("[Content_Types].xml", "")
    cases = [
        (tar, "tar archive"),
        (gzip.compress(tar), "tar archive"),
        (b"7z\xbc\xaf\x27\x1c", "7z archive; unpack it"),
        (office.getvalue(), "Office"),
    ]
    for data, words in cases:
        with pytest.raises(UserError, match=words):
            content(tmp_path / "a", data)
    packed = bytearray(zip_of(TEXT))
    packed[6] |= 1  # says that it is encrypted
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UserError, match="encrypted"):
        content(tmp_path / "a", bytes(packed))


def test_a_zip_of_endless_contents_is_refused(tmp_path):
    packed = bytearray(zip_of(TEXT))
    place = packed.rindex(b"PK\x05\x06") + 12
    packed[place : place + 4] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(UserError, match="table of contents"):
        content(tmp_path / "a", bytes(packed))


@pytest.mark.parametrize("kind", [kind for kind in PACKS if kind != "plain"])
def test_bombs_are_refused(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(streams, "ALWAYS_BYTES", 1 << 20)
    bomb = PACKS[kind](bytes(30 << 20))
    with pytest.raises(UserError, match=r"holds more than .* bytes once decompressed; where that is right"):
        content(tmp_path / "a", bomb)
    assert len(*content(tmp_path / "a", bomb, most=1 << 30).values()) == 30 << 20
    with pytest.raises(UserError, match="holds more than 99 bytes"):
        content(tmp_path / "a", bomb, most=99)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_byte_order_marks(tmp_path, encoding):
    text = "질문 😀\n" * 100_000
    data = ("\ufeff" + text).encode(encoding)
    assert content(tmp_path / "a", gzip.compress(data, 1)) == {"dump": text.encode()}
    if encoding != "utf-8":
        with pytest.raises(UserError, match=f"begins as {encoding} but is none"):
            content(tmp_path / "a", data[:-1])
