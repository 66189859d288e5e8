"""Configuration of the stage `train`."""

from dataclasses import dataclass
from typing import Annotated, Literal

from koreason.config.marks import How, Natural, Positive, Range, Share


@dataclass(frozen=True)
class Model:
    """How a student's training is laid out over devices.

    The layout does not change what is learnt but for rounding, and a checkpoint of one goes on in any other: it plans nothing.

    Attributes:
        tensor_parallel: ranks that share each layer.
        data_parallel: copies of the model that share each batch.
        sequence_parallel: split activations between tensor-parallel ranks outside attention and MLP.
        dtype: of weights and activations; gradients and optimizer states are float32.
        recompute: what the backward pass computes again instead of keeping it: `none` of it, `light`ly what norms and activations of the
            MLP give, or `full`y all of each layer. true is `full`, false `none`.
        distributed_optimizer: share gradients' sums, Adam's states and float32 weights between data-parallel copies.
    """

    tensor_parallel: Annotated[Positive, How()]
    data_parallel: Annotated[Positive, How()]
    sequence_parallel: Annotated[bool, How()]
    dtype: Literal["float32", "bfloat16"]
    recompute: Annotated[Literal["none", "light", "full"] | bool, How()]
    distributed_optimizer: Annotated[bool, How()] = True

    @property
    def recomputes(self) -> str:
        """`none`, `light` or `full`."""
        return {True: "full", False: "none"}[self.recompute] if isinstance(self.recompute, bool) else self.recompute

    @property
    def distributes(self) -> bool:
        """Whether the optimizer's states are shared: among one copy they are whole."""
        return self.distributed_optimizer and self.data_parallel > 1


@dataclass(frozen=True)
class Schedule:
    """How long and how a model learns.

    Attributes:
        epochs: passes over the mix.
        max_steps: ends training earlier; null does not.
        sequence_length: tokens of a bin; longer documents are dropped and counted.
        packing: fill bins with several documents, which never attend to each other; else one document a bin.
        global_batch: documents or bins per optimizer step; one bin is one micro-batch.
        batch_of: what `global_batch` counts. Of documents, packing changes how fast a step is and not what is learnt of it.
        lr: highest learning rate.
        min_lr: learning rate at the end.
        warmup_share: share of the steps over which the learning rate rises from 0 to `lr`.
        decay: how it falls from `lr` to `min_lr` afterwards.
        weight_decay: Adam's, of weights that are no norms and biases.
        beta1, beta2: Adam's, of the mean and of the square of the gradient.
        clip: largest global gradient norm.
        save_every: steps between checkpoints.
        keep_checkpoints: newest checkpoints kept.
        seed: of the order of documents.
        held_out: share of the documents of which nothing is learnt: their loss is taken after each epoch.
    """

    epochs: Positive
    max_steps: Positive | None
    sequence_length: Positive
    packing: bool
    global_batch: Positive
    lr: Annotated[float, Range(above=0)]
    min_lr: Annotated[float, Range(0)]
    warmup_share: Share
    decay: Literal["cosine", "linear", "constant"]
    weight_decay: Annotated[float, Range(0)]
    beta1: Annotated[float, Range(0, below=1)]
    beta2: Annotated[float, Range(0, below=1)]
    clip: Annotated[float, Range(above=0)]
    save_every: Annotated[int, Range(1), How()]
    keep_checkpoints: Annotated[int, Range(1), How()]
    seed: Natural
    batch_of: Literal["documents", "bins"] = "bins"
    held_out: Annotated[float, Range(0, below=1)] = 0.0
