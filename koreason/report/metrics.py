"""What a training run says of each of its steps.

steps = read_metrics(Path("results/models/small/mixed/short/metrics.jsonl"))     # step, loss, held_out_loss, lr, grad_norm, tokens
"""

from pathlib import Path

import polars as pl

from koreason.errors import UserError

# `loss` and `held_out_loss`, null where it was not taken, in nats per learnt token; `tokens` of the step.
STEPS = {"step": pl.Int64, **dict.fromkeys(("loss", "held_out_loss", "lr", "grad_norm"), pl.Float64), "tokens": pl.Int64}


def read_metrics(path: Path, **names: str) -> pl.DataFrame:
    """A model's optimizer steps in order, a row at least, with columns of these names before them.

    Raises:
        UserError: the file is torn or empty.
    """
    try:
        read = pl.read_ndjson(path, infer_schema_length=None)
        if "held_out_loss" not in read.columns:  # of a schedule that keeps nothing back
            read = read.with_columns(held_out_loss=None)
        columns = [pl.col(name).cast(kind) for name, kind in STEPS.items()]
        return read.select(*(pl.lit(value).alias(name) for name, value in names.items()), *columns).sort("step")
    except pl.exceptions.PolarsError as error:
        raise UserError(f"not the metrics of a training run ({error})", path, "delete its folder and run the stage again") from None
