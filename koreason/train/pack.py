"""Tokenize a mix for one tokenizer, with a mask of what is learnt.

    koreason pack --mix try/mixes/demo/manifest.json --tokenizer try/bases/smollm2-135m/manifest.json \\
      --out try/packed/demo/smollm2-135m

Output, documents one after the other: tokens.npy (int32), loss_mask.npy (uint8: 1 on thinking, answer and end of turn, 0 on
the prompt), bounds.npy (int64, documents + 1), documents.parquet (prompt_id, sample, tokens, loss_tokens), and
dropped.parquet (prompt_id, sample, reason). Nothing here depends on how the documents are trained on: bins are made then.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from koreason.engine.prompts.rendering import WEIGHTS, Renderer, read_renderer
from koreason.errors import UserError
from koreason.progress import bar
from koreason.records.held import held
from koreason.records.stage import Stage
from koreason.tables import DROPPED_TRACES, MIX, read_table, write_table
from koreason.train.documents.render import Unfit
from koreason.train.documents.render import encode as encode_all
from koreason.train.documents.table import DOCUMENTS

BATCH = 512  # documents given to the tokenizer at once


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--mix", required=True, type=Path, metavar="MANIFEST", help="manifest of the mix")
    parser.add_argument("--tokenizer", required=True, type=Path, metavar="MANIFEST", help="manifest of the base whose tokenizer to use")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the packed mix")


def main(arguments: argparse.Namespace) -> int:
    """Pack one mix."""
    base = held(arguments.tokenizer)
    mix = read_table(held(arguments.mix), "mix.parquet", MIX).sort("prompt_id", "sample", maintain_order=True)
    if mix.is_empty():
        raise UserError("the mix holds no row", arguments.mix, "widen its filters or quotas")
    renderer = read_renderer(base.whole(*WEIGHTS))
    renderer.refuse_unfit(None)
    with Stage(arguments.out, "pack", {}, [arguments.mix, arguments.tokenizer]) as stage:
        _pack(mix, renderer, stage)
    return 0


def _pack(mix: pl.DataFrame, renderer: Renderer, stage: Stage) -> None:
    documents: list[tuple[str, int, int, int]] = []
    dropped: list[tuple[str, int, str]] = []
    with ArrayFile(stage, "tokens.npy", np.int32) as tokens, ArrayFile(stage, "loss_mask.npy", np.uint8) as mask:
        for row, outcome in bar(encode(mix, renderer), total=mix.height, what="pack", unit="document"):
            if isinstance(outcome, Unfit):
                dropped.append((row["prompt_id"], row["sample"], str(outcome)))
                continue
            prompt, completion = outcome
            tokens.append(prompt + completion)
            mask.append([0] * len(prompt) + [1] * len(completion))
            documents.append((row["prompt_id"], row["sample"], len(prompt) + len(completion), len(completion)))
    if not documents:
        reasons = ", ".join(sorted({reason for _, _, reason in dropped}))
        raise UserError(f"none of {mix.height} documents could be packed ({reasons})", stage.out)
    table = pl.DataFrame(documents, schema=DOCUMENTS, orient="row")
    with ArrayFile(stage, "bounds.npy", np.int64) as bounds:
        bounds.append([0])
        bounds.append(table["tokens"].cum_sum().to_numpy())
    write_table(table, stage, "documents.parquet", DOCUMENTS)
    write_table(pl.DataFrame(dropped, schema=DROPPED_TRACES, orient="row"), stage, "dropped.parquet", DROPPED_TRACES)
    stage.counts = {
        "input": mix.height,
        "documents": table.height,
        "dropped": dict(sorted(Counter(reason for _, _, reason in dropped).items())),
        "tokens": int(table["tokens"].sum()),
        "loss_tokens": int(table["loss_tokens"].sum()),
    }


def encode(mix: pl.DataFrame, renderer: Renderer) -> Iterator[tuple[dict[str, Any], tuple[list[int], list[int]] | Unfit]]:
    """Each row with the tokens of its prompt and of what follows it, or with why it has none."""
    for part in mix.iter_slices(BATCH):
        rows = part.to_dicts()
        yield from zip(rows, encode_all(renderer, [row["messages"] for row in rows]), strict=True)


class ArrayFile:
    """A one-dimensional .npy file written piece by piece, whose length is known only at the end."""

    HEADER = 128  # bytes; the format wants a multiple of 64

    def __init__(self, stage: Stage, name: str, kind: type[np.generic]) -> None:
        self.stage, self.name, self.kind, self.length = stage, name, np.dtype(kind), 0

    def __enter__(self) -> "ArrayFile":
        self.file = open(self.stage.path(self.name), "wb")
        self.file.write(bytes(self.HEADER))
        return self

    def append(self, values: "npt.ArrayLike") -> None:
        """Add values at the end."""
        array = np.asarray(values, self.kind)
        self.file.write(array.tobytes())
        self.length += len(array)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        text = f"{{'descr': '{self.kind.str}', 'fortran_order': False, 'shape': ({self.length},), }}"
        start = b"\x93NUMPY\x01\x00" + (self.HEADER - 10).to_bytes(2, "little")
        self.file.seek(0)
        self.file.write(start + text.encode().ljust(self.HEADER - 11) + b"\n")
        self.file.close()
        self.stage.add(self.name, rows=self.length)
