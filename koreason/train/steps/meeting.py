"""Where ranks meet: in a file of the run's own folder, which nobody else can write, and not at a port that anybody can talk to.

    store = meet(".../checkpoints/meet-4711-0-1", ranks=16)

A store that listens has no password: whoever knows its address reads what ranks tell each other, and sets it. In a file they tell only
where each can be reached; what they send each other after that are tensors, over the nodes' own network.
"""

from datetime import timedelta

import torch.distributed

PATIENCE = timedelta(minutes=30)  # a node that reads a base of 70 GB first is that late


def meet(place: str, ranks: int) -> torch.distributed.Store:
    """The store that all ranks share, in the new file `place`."""
    store = torch.distributed.FileStore(place, ranks)
    store.set_timeout(PATIENCE)
    return torch.distributed.PrefixStore("koreason", store)
