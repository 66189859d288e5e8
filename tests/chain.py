"""Curation's commands one after another, in this process, as the rules call them: from sources to a pool."""

import json
from pathlib import Path

import polars as pl

from koreason.cli import main
from koreason.config.effects import given
from koreason.config.files.layers import read_language
from koreason.records.digests import canonical, sha256_file
from koreason.tables import PROMPTS

HOME = Path(__file__).resolve().parents[1]
KOREAN = read_language(HOME / "config" / "languages" / "ko.yaml")


def source(folder: Path, name: str, questions: list[str], html: bool = False, **columns: list) -> Path:
    """A source as `ingest` leaves it; further columns have a value for each question."""
    out = folder / name
    out.mkdir(parents=True)
    rows = [
        {"prompt_id": f"{name}{number}", "source": name, "question": question, **{key: values[number] for key, values in columns.items()}}
        for number, question in enumerate(questions)
    ]
    given_columns = {"prompt_id", "source", "question", *columns}
    frame = pl.DataFrame(rows, schema={key: kind for key, kind in PROMPTS.items() if key in given_columns}, strict=False)
    frame = frame.with_columns(pl.lit(None, kind).alias(column) for column, kind in PROMPTS.items() if column not in frame.columns)
    frame.select(list(PROMPTS)).write_parquet(out / "prompts.parquet", row_group_size=3)
    size = (out / "prompts.parquet").stat().st_size
    facts = {"sha256": sha256_file(out / "prompts.parquet"), "bytes": size, "rows": frame.height, "html": html}
    (out / "manifest.json").write_text(json.dumps({"stage": "ingest", "files": {"prompts.parquet": facts}, "counts": {}}))
    return out / "manifest.json"


def spoken(rule: str, language: dict | None) -> str:
    """A language's part for a rule; Korean's where none is given."""
    return canonical(given(rule, "languages", KOREAN if language is None else language))


def clean(out: Path, manifest: Path, *, language: dict | None = None, mask: bool = False) -> int:
    options = ["--mask"] if mask else []
    return main(["clean", "--language", spoken("clean", language), *options, "--in", str(manifest), "--out", str(out)])


def sketch(out: Path, manifest: Path, *, kind: str = "text", language: dict | None = None) -> int:
    return main(["sketch", "--kind", kind, "--language", spoken("sketch", language), "--in", str(manifest), "--out", str(out)])


def measure(traces: Path, shards: int, out: Path) -> int:
    """Korean traces of a pool and recipe, of as many shards as one block has."""
    block = ["--shards", str(shards), "--block", "00000-of-00001", "--spec", "{}", "--language", '{"scripts": ["Hangul"]}']
    return main(["measure", "--traces", str(traces), *block, "--out", str(out / "00000-of-00001")])


def decide(
    folder: Path, names: list[str], pool: dict, near: float | None = None, by: dict | None = None, overlaps: Path | None = None
) -> int:
    """From what is cleaned and sketched in `folder` to its pool."""
    texts, sketches = ([str(folder / part / name / "manifest.json") for name in names] for part in ("cleaned", "sketches"))
    duplicates, spec = folder / "duplicates", json.dumps({"near_duplicates": near})
    if status := main(["dedup", "--spec", spec, "--sketches", *sketches, "--texts", *texts, "--out", str(duplicates)]):
        return status
    more = ["--overlaps", str(overlaps)] if overlaps else []
    arguments = ["--spec", json.dumps(pool), "--by", json.dumps(by or {}), "--texts", *texts]
    return main(["pool", *arguments, "--duplicates", str(duplicates / "manifest.json"), *more, "--out", str(folder / "pool")])


def make(
    folder: Path,
    *manifests: Path,
    pool: dict,
    mask: tuple[str, ...] = (),
    kinds: dict[str, str] | None = None,
    language: dict | None = None,
    **options,
) -> int:
    """A pool of sources, in the folder `pool` of `folder`; the first status that is not 0."""
    names = [manifest.parent.name for manifest in manifests]
    for name, manifest in zip(names, manifests, strict=True):
        cleaned, made = folder / "cleaned" / name, folder / "sketches" / name
        if status := clean(cleaned, manifest, language=language, mask=name in mask):
            return status
        if status := sketch(made, cleaned / "manifest.json", kind=(kinds or {}).get(name, "text"), language=language):
            return status
    return decide(folder, names, pool, **options)


def kept(folder: Path) -> list[str]:
    return pl.read_parquet(folder / "pool" / "prompts.parquet")["question"].to_list()


def dropped(folder: Path) -> dict[str, str]:
    return dict(pl.read_parquet(folder / "pool" / "dropped.parquet").select("prompt_id", "reason").iter_rows())


def evidence(folder: Path) -> dict[str, str]:
    return dict(pl.read_parquet(folder / "pool" / "dropped.parquet").select("prompt_id", "evidence").iter_rows())


def counts(out: Path) -> dict:
    return json.loads((out / "manifest.json").read_text(encoding="utf-8"))["counts"]
