"""What training a model costs, in arithmetic and in memory: closed forms, of its configuration and its layout alone.

    flops(configuration, tokens=16384, squares=2**26)          # of one forward and backward pass
    memory(configuration, model, tokens=16384).total / 2**30   # GiB of each GPU

No torch: `koreason plan --models` counts with it in the environment `data`. Tests hold memory against peaks that are
traced with tensors that hold nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from koreason.pretrained.configuration import Configuration
from koreason.pretrained.keys import SLIDING
from koreason.pretrained.weights import weights_of
from koreason.train.spec import Model

WIDTHS = {"float32": 4, "bfloat16": 2}
# of the head's logits at a time: see `decoder/parts/head.py`, which these two bind
CHUNK, LOGITS = 4096, 2**29
LEARNT = 0.8  # of a bin's tokens, where nothing is known: thinking and answers are most of a document
SPARE = 3.0  # GiB that a process takes beside its tensors: CUDA's context, NCCL's buffers, what lies between tensors


def parameters(configuration: Configuration) -> int:
    """Numbers that are learnt."""
    total = 0
    for shape in weights_of(configuration).values():
        size = 1
        for side in shape:
            size *= side
        total += size
    return total


def flops(configuration: Configuration, tokens: int, squares: int, learnt: int | None = None) -> float:
    """Operations of a forward and a backward pass, nothing computed twice: six for each weight of a product and token, and attention's.

    Args:
        tokens: in all.
        squares: sum of squared lengths of documents; half of each is masked.
        learnt: tokens that the head sees; by default all, as is usual where utilization is compared.
    """
    query, key = configuration.heads * configuration.head_width, configuration.groups * configuration.head_width
    layer = configuration.hidden * (2 * query + 2 * key + 3 * configuration.mlp_width)
    head = configuration.hidden * configuration.vocabulary
    sliding = sum(kind == SLIDING for kind in configuration.kinds)
    # documents' lengths are not known one by one: their windows are taken for those of documents as long as these are in the mean
    mean = squares / max(1, tokens)
    seen = min(1.0, 2 * (configuration.window or mean) / max(1.0, mean))
    attention = (configuration.layers - sliding + sliding * seen) * query * squares
    return 6.0 * (configuration.layers * layer * tokens + head * (tokens if learnt is None else learnt) + attention)


@dataclass(frozen=True)
class Memory:
    """Bytes of one rank.

    Attributes:
        weights: as the model computes with them.
        gradients: in float32.
        optimizer: float32 weights where those above are none, and Adam's states.
        activations: kept for the backward pass of one bin, and what that takes on the way.
        logits: of a chunk of learnt tokens, with their gradient, and what of hidden states goes with the head.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int

    @property
    def held(self) -> int:
        """What is there between steps."""
        return self.weights + self.gradients + self.optimizer

    @property
    def total(self) -> int:
        """At the peak, when the loss's gradient comes back to the last layer, or is made."""
        return self.held + max(self.activations, self.logits)


def _up(count: int, of: int) -> int:
    return -(-count // of) * of


def of_rank(configuration: Configuration, tensor_parallel: int) -> int:
    """Numbers that a rank holds of the model, padding among them."""
    groups = _up(configuration.groups, tensor_parallel)
    query, key = groups * (configuration.heads // configuration.groups) * configuration.head_width, groups * configuration.head_width
    split = configuration.hidden * (2 * query + 2 * key + 3 * configuration.mlp_width) + (query + 2 * key) * configuration.query_bias
    norms = configuration.hidden * (4 if configuration.gemma else 2) + 2 * configuration.head_width * configuration.query_norm
    vocabulary = _up(configuration.vocabulary, tensor_parallel) * configuration.hidden * (1 if configuration.tied else 2)
    return (configuration.layers * split + vocabulary) // tensor_parallel + configuration.layers * norms + configuration.hidden


def memory(configuration: Configuration, model: Model, tokens: int) -> Memory:
    """What a rank's peak is over bins of `tokens`."""
    size, ranks = WIDTHS[model.dtype], model.tensor_parallel
    numbers, copies = of_rank(configuration, ranks), model.data_parallel if model.distributes else 1
    masters = 0 if size == 4 else 4
    kept, whole, way = _layer(configuration, model, tokens)
    layers = configuration.layers
    activations = layers * (_hidden(configuration, model, tokens) * size if model.recomputes == "full" else kept)
    activations += (whole if model.recomputes == "full" else 0) + way
    # hidden states: the last norm's input and output, gathered, those of learnt tokens, and their gradient
    ends = 2 * _hidden(configuration, model, tokens) * size + tokens * configuration.hidden * size
    ends += int(2 * LEARNT * tokens) * configuration.hidden * size
    rows = _up(configuration.vocabulary, ranks) // ranks
    logits = min(CHUNK, LOGITS // rows, tokens) * rows * size * 2
    before = layers * (_hidden(configuration, model, tokens) * size if model.recomputes == "full" else kept)
    return Memory(
        weights=numbers * size,
        gradients=numbers * 4,
        optimizer=numbers * (masters + 8) // copies,
        activations=activations + ends,
        logits=before + ends + logits,
    )


def _hidden(configuration: Configuration, model: Model, tokens: int) -> int:
    """Numbers of a hidden state that a rank holds."""
    return tokens * configuration.hidden // (model.tensor_parallel if model.sequence_parallel else 1)


def _layer(configuration: Configuration, model: Model, tokens: int) -> tuple[int, int, int]:
    """Bytes of a layer: what it keeps, what it keeps where nothing is computed again, and what its backward pass takes on the way."""
    size, ranks = WIDTHS[model.dtype], model.tensor_parallel
    hidden, groups = _hidden(configuration, model, tokens), _up(configuration.groups, ranks) // ranks
    heads = groups * (configuration.heads // configuration.groups)
    query, key, mlp = (
        heads * configuration.head_width * tokens,
        groups * configuration.head_width * tokens,
        configuration.mlp_width * tokens // ranks,
    )
    # inputs of both norms; query, key, value, attention's output twice: as it is, and put together; its sums; both halves of the MLP
    least = 2 * hidden + 3 * query + 2 * key + 2 * mlp
    least += (2 * hidden if configuration.gemma else 0) + (2 * query + 2 * key if configuration.query_norm else 0)
    again = 2 * hidden + mlp  # outputs of both norms, and of the activation
    sums = 4 * heads * tokens
    way = tokens * configuration.hidden * 2 + 3 * mlp  # gradients on their way through the MLP
    whole = (least + again) * size + sums
    return (least * size + sums if model.recomputes == "light" else whole), whole, way * size


def layouts(configuration: Configuration, model: Model, tokens: int, gib: float) -> Iterator[Model]:
    """Layouts over as many ranks as `model` has that fit cards of `gib`, the fastest first: to compute less again, then to split less."""
    ranks = model.tensor_parallel * model.data_parallel
    for recompute in ("none", "light", "full"):
        for split in (count for count in range(1, ranks + 1) if ranks % count == 0 and configuration.mlp_width % count == 0):
            tried = replace(model, tensor_parallel=split, data_parallel=ranks // split, sequence_parallel=split > 1, recompute=recompute)
            if fits(memory(configuration, tried, tokens), gib):
                yield tried


def fits(needed: Memory, gib: float) -> bool:
    """Whether a card of so many GiB holds it."""
    return needed.total / 2**30 + SPARE <= gib
