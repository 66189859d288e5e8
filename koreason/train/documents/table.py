"""The rows of a packed mix, in the order of its arrays.

list(DOCUMENTS)      # ["prompt_id", "sample", "tokens", "loss_tokens"]
"""

import polars as pl

from koreason.tables import Contract

DOCUMENTS: Contract = {"prompt_id": pl.String(), "sample": pl.Int64(), "tokens": pl.Int64(), "loss_tokens": pl.Int64()}
