"""Configuration of the stage `bases`."""

from dataclasses import dataclass

from koreason.references import BaseName


@dataclass(frozen=True)
class Base:
    """A model as its makers publish it; exactly one of `hub`, `path` and `package` says where it comes from.

    Attributes:
        hub: Hugging Face id, fetched at `revision`, a full commit id.
        path: folder on this machine in Hugging Face's layout; `$NAME` is read from the environment.
        package: installed Python package that carries the GGUF file `gguf`, converted once.
        sha256: of the GGUF file.
        tokenizer: entry of `bases` whose tokenizer this one shares; models of one tokenizer share packed data.
        licence: as its makers state it, shown in the report.
        parameters: total, in units; what cost estimates start from.
    """

    tokenizer: BaseName
    licence: str
    parameters: int
    hub: str | None = None
    revision: str | None = None
    path: str | None = None
    package: str | None = None
    gguf: str | None = None
    sha256: str | None = None
