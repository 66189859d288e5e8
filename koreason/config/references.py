"""Fields of the configuration that name an entry of one of its tables.

traces: list[MixName]      # in a `spec.py`: each must be an entry of `mixes`
"""

from typing import Annotated

from koreason.config.marks import Table

LanguageName = Annotated[str, Table("languages")]
BaseName = Annotated[str, Table("bases")]
SourceName = Annotated[str, Table("sources")]
PoolName = Annotated[str, Table("pools")]
RecipeName = Annotated[str, Table("recipes")]
ImportedName = Annotated[str, Table("imported")]
MixName = Annotated[str, Table("mixes")]
ModelName = Annotated[str, Table("models")]
ScheduleName = Annotated[str, Table("schedules")]
BenchName = Annotated[str, Table("benches")]
