"""Fields of the configuration that name an entry of one of its tables.

The mark `Table` goes into the schema as `x-table`, by which `workflow.check` finds and follows them.
"""

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Table:
    """Names a top-level table of the configuration."""

    name: str


LanguageName = Annotated[str, Table("languages")]
BaseName = Annotated[str, Table("bases")]
SourceName = Annotated[str, Table("sources")]
PoolName = Annotated[str, Table("pools")]
RecipeName = Annotated[str, Table("recipes")]
MixName = Annotated[str, Table("mixes")]
ModelName = Annotated[str, Table("models")]
ScheduleName = Annotated[str, Table("schedules")]
BenchName = Annotated[str, Table("benches")]
