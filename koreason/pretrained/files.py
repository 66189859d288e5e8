"""Which files of a model's folder are taken, by name, and what lies in its safetensors.

    tensors, found = read_tensors(folder)
    tensors["model.norm.weight"].shape      # (576,)

Headers only are read, with the standard library: an environment without torch looks at a model of 70 GB in milliseconds.
"""

import json
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koreason.pretrained.finding import Finding, no_file, read_object, some, value

CONFIG, GENERATION = "config.json", "generation_config.json"
INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"
SUFFIX = ".safetensors"
TOKENIZER = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "vocab.json", "vocab.txt", "merges.txt"),
    *("chat_template.jinja", "chat_template.json"),
)
SMALL = (CONFIG, GENERATION, *TOKENIZER)
PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.safetensors")
LARGEST_HEADER = 100 * 2**20  # bytes, as in safetensors
WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1, "U16": 2, "U32": 4, "U64": 8,
          "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1}  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """A tensor in a file.

    Attributes:
        file: the file's name.
        begin, end: its bytes in the file.
    """

    file: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def parts_of(folder: Path) -> list[Path]:
    """The files in `folder` that are part of a model."""
    named = [folder / name for name in (*SMALL, INDEX)]
    return sorted(path for path in {*named, *folder.glob("*" + SUFFIX)} if path.is_file() or path.is_symlink())


def read_tensors(folder: Path) -> tuple[dict[str, Stored], list[Finding]]:
    """Every tensor of a folder by its name, and what is wrong with its files: missing, too many, cut, contradicting their index."""
    there = {path.name for path in folder.glob("*" + SUFFIX)}
    if not (folder / INDEX).is_file():
        named: dict[str, str] | None = None
        files = {SINGLE}
    else:
        facts, found = read_object(folder / INDEX)
        named = facts.get("weight_map")
        if found or not _is_map(named):
            return {}, found or [Finding("is no index of safetensors", INDEX)]
        files = set((named or {}).values())
        if odd := [name for name in files if not PLAIN.fullmatch(name)]:
            return {}, [Finding(f"names {some(odd)}, which is no safetensors file of its folder", INDEX)]
    wrong = [Finding("is missing" + (f", and {INDEX} names it" if named else ""), name) for name in sorted(files - there)]
    wrong += [Finding(f"{INDEX} does not name it, and engines would read it" if named else f"beside {SINGLE}, and no {INDEX}", name)
              for name in sorted(there - files)]  # fmt: skip
    tensors: dict[str, Stored] = {}
    for file in sorted(files & there):
        own, bad = read_header(folder / file)
        wrong += bad
        if twice := own.keys() & tensors.keys():
            wrong.append(Finding(f"holds {some(twice)}, as another file does", file))
        tensors |= own
    if named is not None and not wrong:
        if lost := [name for name, file in named.items() if name not in tensors or tensors[name].file != file]:
            wrong.append(Finding(f"names {some(lost)}, not in the file that it names", INDEX))
        if more := tensors.keys() - named.keys():
            wrong.append(Finding(f"does not name {some(more)}, which its files hold", INDEX))
    return tensors, wrong


def _is_map(named: Any) -> bool:
    return isinstance(named, dict) and all(isinstance(file, str) for file in named.values())


def read_header(path: Path) -> tuple[dict[str, Stored], list[Finding]]:
    """The tensors of one safetensors file, whose bytes have to be all of the file, each once.

    See https://github.com/huggingface/safetensors for the format.
    """
    try:
        if wrong := no_file(path):
            return {}, [Finding(wrong, path.name)]
        size = path.stat().st_size
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(LARGEST_HEADER, size):
                raise ValueError("its header is longer than it")
            header: dict[str, Any] = json.loads(file.read(length))
        header.pop("__metadata__", None)
        stored = {name: _stored(path.name, facts, 8 + length) for name, facts in header.items()}
    except (OSError, ValueError, struct.error, RecursionError, TypeError, KeyError, AttributeError) as error:
        return {}, [Finding(f"not readable safetensors ({value(str(error))})", path.name)]
    place = 8 + length
    for one in sorted(stored.values(), key=lambda one: (one.begin, one.end)):
        if one.begin != place:
            return {}, [Finding("not readable safetensors (its tensors overlap, or leave room between them)", path.name)]
        place = one.end
    if place != size:
        return {}, [Finding(f"has {size} bytes, its header speaks of {place}", path.name)]
    return stored, []


def _stored(file: str, facts: dict[str, Any], start: int) -> Stored:
    shape, (begin, end) = tuple(facts["shape"]), facts["data_offsets"]
    if not all(isinstance(size, int) and size >= 0 for size in (*shape, begin, end)):
        raise ValueError("a size is no number")
    if facts["dtype"] in WIDTHS and end - begin != math.prod(shape) * WIDTHS[facts["dtype"]]:
        raise ValueError("a tensor's bytes do not fit its shape")
    return Stored(file, str(facts["dtype"]), shape, start + begin, start + end)


def same_bytes(folder: Path, one: Stored, other: Stored) -> bool:
    """Whether two tensors hold the same bytes."""
    return all(a == b for a, b in zip(_bytes(folder, one), _bytes(folder, other), strict=True))


def _bytes(folder: Path, one: Stored, piece: int = 2**24) -> Iterator[bytes]:
    with open(folder / one.file, "rb") as file:
        file.seek(one.begin)
        for start in range(one.begin, one.end, piece):
            yield file.read(min(piece, one.end - start))
