"""Configuration of the stage `train`."""

from dataclasses import dataclass
from typing import Literal

from koreason.references import BaseName


@dataclass(frozen=True)
class Model:
    """A student and how its training is laid out over devices; the layout does not change what is learnt.

    Attributes:
        base: entry of `bases`.
        tensor_parallel: ranks that share each layer.
        data_parallel: copies of the model that share each batch.
        sequence_parallel: split activations between tensor-parallel ranks outside attention and MLP.
        dtype: of weights and activations; gradients and optimizer states are float32.
        recompute: recompute activations in the backward pass instead of keeping them.
    """

    base: BaseName
    tensor_parallel: int
    data_parallel: int
    sequence_parallel: bool
    dtype: Literal["float32", "bfloat16"]
    recompute: bool


@dataclass(frozen=True)
class Schedule:
    """How long and how a model learns.

    Attributes:
        epochs: passes over the mix; `max_steps` ends training earlier.
        sequence_length: tokens of a bin; longer documents are dropped and counted.
        packing: fill bins with several documents, which never attend to each other; else one document a bin.
        global_batch: bins per optimizer step; one bin is one micro-batch.
        warmup_share: share of the steps over which the learning rate rises from 0 to `lr`.
        decay: how it falls from `lr` to `min_lr` afterwards.
        clip: largest global gradient norm.
        save_every: steps between checkpoints.
        keep_checkpoints: newest checkpoints kept.
        seed: of the order of documents.
    """

    epochs: int
    max_steps: int | None
    sequence_length: int
    packing: bool
    global_batch: int
    lr: float
    min_lr: float
    warmup_share: float
    decay: Literal["cosine", "linear", "constant"]
    weight_decay: float
    beta1: float
    beta2: float
    clip: float
    save_every: int
    keep_checkpoints: int
    seed: int
