"""Croissant 1.1 of a published data set, with the fields of its RAI vocabulary: https://docs.mlcommons.org/croissant/

found = describe(Facts(...), shards)      # a JSON-LD document, which mlcroissant validates and loads records by
"""

from dataclasses import dataclass
from typing import Any

import polars as pl

from koreason.tables import MIX

# The words of the format, as its version 1.1 writes them out.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "name": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
} | {
    word: f"cr:{word}"
    for word in (
        *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileProperty", "fileObject"),
        *("fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
        *("references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
    )
}
CONFORMS = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
PARQUET = "application/x-parquet"
TYPES = {pl.String(): "sc:Text", pl.Int64(): "cr:Int64", pl.Float64(): "cr:Float64", pl.Boolean(): "sc:Boolean"}
COLUMNS = {
    "prompt_id": "the question's id: a digest of its source and text, the same in every run",
    "sample": "which of several answers to the question",
    "source": "the entry of the configuration that the question came from",
    "category": "of the source; quotas go by it",
    "licence": "tier of the source: A may be passed on",
    "messages": "the question as the user's turn, thinking and answer as the assistant's",
    "why_kept": "by which measures and which draw the row is in",
    "role": "user or assistant",
    "content": "the text; an assistant's thinking stands between <think> and </think>",
}
MESSAGES = "messages"


@dataclass(frozen=True)
class Facts:
    """What a data set is called and says of itself; `rai` are fields of the vocabulary without its prefix."""

    name: str
    description: str
    url: str
    licence: str
    version: str
    day: str
    creator: str
    cite: str
    keywords: list[str]
    languages: list[str]
    rai: dict[str, Any]


@dataclass(frozen=True)
class Shard:
    """A file of the data set."""

    path: str
    sha256: str
    size: int


def describe(facts: Facts, shards: list[Shard], unique: bool = True) -> dict[str, Any]:
    """The document; `unique`: a question's answers are each numbered once, as they are but for mixes across parts of one pool."""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": facts.name,
        "description": facts.description,
        "conformsTo": CONFORMS,
        "url": facts.url,
        "license": facts.licence,
        "version": facts.version,
        "datePublished": facts.day,
        "creator": {"@type": "sc:Organization", "name": facts.creator, "url": facts.url},
        "publisher": {"@type": "sc:Organization", "name": facts.creator, "url": facts.url},
        "citeAs": facts.cite,
        "keywords": facts.keywords,
        "inLanguage": facts.languages,
        "isLiveDataset": False,
        **{f"rai:{key}": value for key, value in facts.rai.items()},
        "distribution": [*(_file(shard) for shard in shards), _set()],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "train",
                "name": "train",
                "description": "A row is a question with one answer to it.",
                **({"key": [{"@id": "train/prompt_id"}, {"@id": "train/sample"}]} if unique else {}),
                "field": [_field(name, kind) for name, kind in MIX.items()],
            }
        ],
    }


def _file(shard: Shard) -> dict[str, Any]:
    facts = {"contentUrl": shard.path, "encodingFormat": PARQUET, "contentSize": f"{shard.size} B", "sha256": shard.sha256}
    return {"@type": "cr:FileObject", "@id": shard.path, "name": shard.path.rpartition("/")[2], **facts}


def _set() -> dict[str, Any]:
    facts = {"encodingFormat": PARQUET, "includes": "data/*.parquet", "description": "all shards of the split"}
    return {"@type": "cr:FileSet", "@id": "shards", "name": "shards", **facts}


def _field(name: str, kind: pl.DataType) -> dict[str, Any]:
    found: dict[str, Any] = {"@type": "cr:Field", "@id": f"train/{name}", "name": name, "description": COLUMNS[name]}
    source = {"fileSet": {"@id": "shards"}, "extract": {"column": name}}
    if name != MESSAGES:
        return found | {"dataType": TYPES[kind], "source": source}
    below = [
        {
            "@type": "cr:Field",
            "@id": f"train/{name}/{part}",
            "name": part,
            "description": COLUMNS[part],
            "dataType": "sc:Text",
            "source": source | {"transform": {"jsonPath": f"$[*].{part}"}},
        }
        for part in ("role", "content")
    ]
    return found | {"repeated": True, "subField": below}
