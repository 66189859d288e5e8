"""Take the random and the dated out of a SIF, Apptainer's image file, so that equal contents are equal bytes.

    normalise(Path("containers/images/data.sif"), 1767225600)

Apptainer writes a random identifier, the time of the build and the builder's user number into the file's header, whatever
SOURCE_DATE_EPOCH says. They mean nothing to whoever runs the image. To be done before signing: a signature covers them.
"""

import struct
from pathlib import Path

from koreason.errors import UserError

# launch script, magic, version, architecture, identifier; created, modified; descriptors: free, total, offset, size; data: offset, size
HEADER = struct.Struct("<32s10s3s3s16s8q")
# data type, used, number, group, link; offset, size, padded size, created, modified, user, group
DESCRIPTOR = struct.Struct("<i?3I7q")
DESCRIPTOR_BYTES = 585  # with its name and what depends on its type
MAGIC = b"SIF_MAGIC"


def normalise(path: Path, epoch: int) -> None:
    """Set the identifier of the SIF at `path` to nil, its times to `epoch` (seconds since 1970) and its owners to root, in place.

    Raises:
        UserError: it is no SIF.
    """
    with open(path, "r+b") as file:
        raw = file.read(HEADER.size)
        if len(raw) < HEADER.size or raw[32:].find(MAGIC) != 0:
            raise UserError("not an image of Apptainer's (SIF)", path, "build it again")
        script, magic, version, architecture, _, _, _, *table = HEADER.unpack(raw)
        file.seek(0)
        file.write(HEADER.pack(script, magic, version, architecture, bytes(16), epoch, epoch, *table))
        _, total, offset, size, *_ = table
        if total * DESCRIPTOR_BYTES > size:
            raise UserError("damaged SIF: its table of contents has no room for its entries", path, "build it again")
        for place in range(offset, offset + total * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES):
            file.seek(place)
            *what, created, modified, user, group = DESCRIPTOR.unpack(file.read(DESCRIPTOR.size))
            if what[1]:
                created, modified, user, group = epoch, epoch, 0, 0
            file.seek(place)
            file.write(DESCRIPTOR.pack(*what, created, modified, user, group))
