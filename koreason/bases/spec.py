"""Configuration of the stage `bases`."""

from dataclasses import dataclass
from typing import Annotated

from koreason.config.marks import Place


@dataclass(frozen=True, kw_only=True)
class Base:
    """A model as its makers publish it; exactly one of `hub`, `path` and `package` says where it comes from.

    Attributes:
        hub: Hugging Face id, fetched at `revision`.
        revision: full commit id; branches move.
        path: folder on this machine in Hugging Face's layout; `$NAME` is read from the environment.
        package: installed Python package that carries the GGUF file `gguf`, converted once.
        gguf: name of the file in the package.
        sha256: of the GGUF file.
        digest: of all files that are taken of a `hub` or `path`, as `koreason pin` writes it; null: the commit alone says what they are.
    """

    hub: str | None = None
    revision: str | None = None
    path: Annotated[str | None, Place()] = None
    package: str | None = None
    gguf: str | None = None
    sha256: str | None = None
    digest: str | None = None
