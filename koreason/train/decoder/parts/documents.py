"""The documents of a bin as layers see them: where each begins, and the rotation of each of its positions.

    documents = documents_of(bounds=[0, 900, 1024], frequencies={"full": ...}, dtype=torch.bfloat16, windows={"full": None})

Positions count within each document. Rotary attention sees only the distance of two tokens, but in float32 the angles of far positions are
rounded: logits of documents at the end of a bin of 15k tokens were off by 8e-3.
"""

import itertools
from dataclasses import dataclass, field

import torch
from torch import Tensor

from koreason.train.decoder import cuda


@dataclass(frozen=True)
class Documents:
    """What all layers share of a bin.

    Attributes:
        bounds: where documents begin, and the number of tokens last.
        tables: cosine and sine, [tokens, 1, width] each, by the kind of layer.
    """

    bounds: list[int]
    tables: dict[str, tuple[Tensor, Tensor]]
    on_device: list[Tensor] = field(default_factory=list)

    @property
    def lengths(self) -> list[int]:
        """Tokens of each document."""
        return [end - start for start, end in itertools.pairwise(self.bounds)]

    def device_bounds(self) -> Tensor:
        """`bounds` on the device, int32, sent there once."""
        if not self.on_device:
            self.on_device.append(torch.tensor(self.bounds, dtype=torch.int32).to(cuda.device(), non_blocking=True))
        return self.on_device[0]


def documents_of(bounds: list[int], frequencies: dict[str, Tensor], dtype: torch.dtype) -> Documents:
    """Make the tables of a bin; `frequencies` are radians a token, [width / 2], by the kind of layer."""
    positions = torch.cat([torch.arange(end - start) for start, end in itertools.pairwise(bounds)]).to(cuda.device())
    tables = {}
    for kind, own in frequencies.items():
        angles = torch.outer(positions.float(), own.to(cuda.device())).repeat(1, 2)[:, None]
        tables[kind] = angles.cos().to(dtype), angles.sin().to(dtype)
    return Documents(bounds, tables)
