"""A mix as a data set for others: Parquet in shards, Croissant, a card, examples; nothing that its licences do not allow.

    write(run, "demo_mix", Asked(repo="lab/demo-ko"), Path("published/demo-ko"))      # what is left to say, a line each

The same run makes the same bytes.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from koreason.archive.told.citing import text_of
from koreason.archive.told.provenance import draw, stages_of
from koreason.config.joined.parts import IMPORTED, asked_of, source_of
from koreason.engine.thinking import split
from koreason.publish import cards, licences, personal, tiers, told
from koreason.publish.croissant import COLUMNS, Facts, Shard, describe
from koreason.publish.run import MIXES, Run
from koreason.records.digests import sha256_file
from koreason.tables import MIX, ROWS_PER_GROUP, TRACE_KEY, read_table

ROWS = 50_000  # of a shard
EXAMPLES, SHOWN = 20, 2  # in examples.jsonl; on the card
LONGEST = 600  # characters of a text on the card
OTHER = "other"  # the hub's word for a licence of one's own
DTYPES = {pl.String(): "string", pl.Int64(): "int64"}


@dataclass(frozen=True)
class Asked:
    """How something is to be published.

    Attributes:
        repo: its name on the hub, with its owner.
        licence: as the hub writes it; empty: what follows from the licences of what it was made of.
        by: who publishes it; empty: the owner.
        version: of the data set.
        redistributable: leave out rows that no licence allows to pass on.
    """

    repo: str
    licence: str = ""
    by: str = ""
    version: str = "1.0.0"
    redistributable: bool = False

    @property
    def name(self) -> str:
        """Its name without the owner's."""
        return self.repo.partition("/")[2]

    @property
    def creator(self) -> str:
        """Who publishes it."""
        return " ".join(self.by.split()) or self.repo.partition("/")[0]


def write(run: Run, mix: str, asked: Asked, out: Path) -> list[str]:
    """Write the data set into the folder `out`, which is empty; returns what its publisher should know.

    Raises:
        UserError: a licence forbids it, a row holds a key, or something of it is not there or not as it was.
    """
    folder = f"{MIXES}/{mix}"
    rows = tiers.with_tiers(read_table(run.held(folder), "mix.parquet", MIX), run.config)
    licence = asked.licence or OTHER
    writers = {f"the teacher {name}": str(entry.get("licence") or "") for name, entry in told.teachers(run, mix).items()}
    duties = licences.of_data(licence, writers)
    kept, out_of = tiers.passed_on(rows, asked.redistributable), tiers.withheld(rows)
    personal.refuse_keys(kept)
    found = personal.search(kept, [run.table("languages", name) for name in run.languages(mix)])
    kept = kept.select(list(MIX))
    shards = write_shards(kept, out)
    behind, gone = run.behind(folder)
    facts = told.told(run, behind) | _of_rows(run, mix, kept, found)
    facts |= {"withheld": out_of, "duties": duties, "licence": licence, "repo": asked.repo, "shards": shards, "columns": COLUMNS}
    facts |= {"name": asked.name, "manifest": sha256_file(run.folder / folder / "manifest.json"), "filters": list(told.filters(behind))}
    facts["limits"] = [*facts["limits"], *told.DATA_LIMITS]
    facts["description"] = description(facts)
    facts["cite"] = told.cite(asked.name, asked.repo, "dataset", asked.creator, facts["day"])
    _texts(out, facts, asked, kept)
    (out / "provenance.svg").write_text(draw(stages_of(behind)).standalone(), encoding="utf-8")
    lines = [f"{count:,} rows of {source} (tier {tier}) are left out" for source, tier, count in out_of]
    lines += [f"{count:,} rows look as if they hold personal data: {kind}" for kind, count in facts["personal"]]
    return [*told.missing(gone), *lines, *(f"duty: {duty}" for duty in duties)]


def write_shards(rows: pl.DataFrame, out: Path) -> list[Shard]:
    """The rows as Parquet, `ROWS` a file, under the names that the hub's viewer knows."""
    count = max(1, -(-rows.height // ROWS))
    (out / "data").mkdir(parents=True)
    shards = []
    for number, part in enumerate(rows.iter_slices(ROWS) if rows.height else [rows]):
        name = f"data/train-{number:05d}-of-{count:05d}.parquet"
        part.write_parquet(out / name, compression="zstd", compression_level=3, row_group_size=ROWS_PER_GROUP)
        shards.append(Shard(name, sha256_file(out / name), (out / name).stat().st_size))
    return shards


def _of_rows(run: Run, mix: str, rows: pl.DataFrame, found: pl.DataFrame) -> dict[str, Any]:
    """What is told of the rows, and of where they come from."""
    imported = {source_of(name): entry for name, entry in run.config.get(IMPORTED, {}).items()}
    sources = [
        {
            "name": source,
            "rows": count,
            "tier": tiers.strictest([*tiers.ancestors(run.config, source).values()]),
            "origin": _origin(run, source, imported),
        }
        for source, count in rows["source"].value_counts(sort=True).sort("count", "source", descending=[True, False]).iter_rows()
    ]
    recipes = [(name, run.table("recipes", name)) for _, name in asked_of([run.table("mixes", mix)])]
    pools = {name: run.table("pools", name) for name, _ in run.parts(mix) if name != IMPORTED}
    written = [f"{name} ({told.origin(entry, 'bases')}, licence {entry['licence']})" for name, entry in told.teachers(run, mix).items()]
    written += [
        f"{name}, whose traces came finished ({told.origin(imported[name], IMPORTED)})" for name in imported if name in {*rows["source"]}
    ]
    return {
        "rows": rows.height,
        "prompts": rows["prompt_id"].n_unique(),
        "languages": run.languages(mix),
        "teachers": written,
        "categories": sorted(Counter(rows["category"].to_list()).items(), key=lambda item: (-item[1], item[0])),
        "sources": sources,
        "recipes": [
            {"name": name, "teacher": one["teacher"], "system": one.get("system"), "sampling": _sampling(one["sampling"])}
            for name, one in recipes
        ],
        "masked": sorted({one for pool in pools.values() for one in pool.get("mask_personal_data", [])}),
        "personal": sorted(Counter(found["kind"].to_list()).items(), key=lambda item: (-item[1], item[0])),
        "examples": [shown(row) for row in rows.head(SHOWN).iter_rows(named=True)],
    }


def _origin(run: Run, source: str, imported: dict[str, Any]) -> str:
    return told.origin(imported[source], IMPORTED) if source in imported else told.origin(run.table("sources", source), "sources")


def _sampling(sampling: dict[str, Any]) -> str:
    names = ("temperature", "top_p", "top_k", "min_p", "max_tokens")
    return ", ".join(f"{name} {sampling[name]}" for name in names if sampling.get(name) is not None)


def shown(row: dict[str, Any]) -> str:
    """A row as the card shows it, long texts cut."""
    question, reply = (message["content"] for message in row["messages"])
    think, answer = split(reply)
    texts = {"question": question, "thinking": think or "", "answer": answer or ""}
    return "\n\n".join(f"[{name}]\n{text[:LONGEST]}{'…' if len(text) > LONGEST else ''}" for name, text in texts.items())


def description(facts: dict[str, Any]) -> str:
    """A sentence or two."""
    categories = ", ".join(category for category, _ in facts["categories"])
    return (
        f"{facts['rows']:,} questions in {', '.join(facts['languages'])} ({categories}), as people ask them, each with a teacher's thinking"
        " in two languages and its answer: data for training a model that reasons."
    )


def _texts(out: Path, facts: dict[str, Any], asked: Asked, rows: pl.DataFrame) -> None:
    """The card, the metadata, and examples."""
    shards: list[Shard] = facts["shards"]
    size = sum(shard.size for shard in shards)
    features: list[dict[str, Any]] = [{"name": name, "dtype": DTYPES[kind]} for name, kind in MIX.items() if kind in DTYPES]
    at = list(MIX).index("messages")
    features.insert(at, {"name": "messages", "list": [{"name": "role", "dtype": "string"}, {"name": "content", "dtype": "string"}]})
    bytes_of = int(rows.estimated_size())
    head = {
        "license": facts["licence"],
        "license_name": "of-its-sources" if facts["licence"] == OTHER else None,
        "license_link": "README.md" if facts["licence"] == OTHER else None,
        "pretty_name": asked.name,
        "language": [*facts["languages"], "en"],
        "multilinguality": ["multilingual"],
        "size_categories": [cards.size_of(facts["rows"])],
        "task_categories": ["text-generation", "question-answering"],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["found", "machine-generated"],
        "tags": ["reasoning", "chain-of-thought", "language-mixed", "koreason", "croissant"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.parquet"}]}],
        "dataset_info": {
            "features": features,
            "splits": [{"name": "train", "num_bytes": bytes_of, "num_examples": facts["rows"]}],
            "download_size": size,
            "dataset_size": bytes_of,
        },
    }
    (out / "README.md").write_text(cards.card("data.md", head, facts), encoding="utf-8")
    (out / "croissant.json").write_text(
        text_of(describe(croissant_facts(facts, asked), shards, not rows.select(TRACE_KEY).is_duplicated().any())), encoding="utf-8"
    )
    lines = (json.dumps(row, ensure_ascii=False) for row in rows.head(EXAMPLES).iter_rows(named=True))
    (out / "examples.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def croissant_facts(facts: dict[str, Any], asked: Asked) -> Facts:
    """What the metadata says, the fields of responsible AI among it."""
    url = f"https://huggingface.co/datasets/{asked.repo}"
    licence = facts["licence"]
    link = licences.TERMS[licences.BY_HUB[licence]].link if licence in licences.BY_HUB else f"{url}#licence"
    kinds = ", ".join(f"{kind}: {count:,} rows" for kind, count in facts["personal"]) or "nothing was found"
    steps = [f"{part['name']}: {part['kept']:,} of {part['input']:,} kept" for part in facts["filters"]]
    rai = {
        "dataCollection": "Questions that people asked on the web and in exams, as the sources on the card name them.",
        "dataCollectionType": ["Web Scraping", "Secondary Data Analysis"],
        "dataPreprocessingProtocol": ["Markup, twins and overlaps with benchmarks are removed; filters drop by rule.", *steps],
        "dataAnnotationProtocol": "A teacher model thinks aloud on each question and answers; no person has annotated anything.",
        "machineAnnotationTools": facts["teachers"] or ["none"],
        "dataUseCases": "Supervised fine-tuning of language models that reason, and research on it.",
        "dataLimitations": facts["limits"],
        "dataBiases": "Whoever asks questions on the web is not everybody; and the teacher's views are in every answer.",
        "dataSocialImpact": "Models that reason in more languages; and models that repeat what a teacher got wrong.",
        "personalSensitiveInformation": [f"Searched by patterns before publication: {kinds}."],
        "dataReleaseMaintenancePlan": "A new version replaces this one where a person asks for a question to be taken out.",
    }
    keywords = ["reasoning", "chain-of-thought", *facts["languages"]]
    languages = [*facts["languages"], "en"]
    return Facts(
        asked.name, facts["description"], url, link, asked.version, facts["day"], asked.creator, facts["cite"], keywords, languages, rai
    )
