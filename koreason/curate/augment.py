"""Make new prompts of a pool's prompts: a source like any other, which goes through the ordinary chain into another pool.

    koreason augment --source styled --pool try/pools/demo/manifest.json --of '["demo_quiz"]' --out try/sources/styled \\
      --language '{"directives": ["최종 정답을 \\\\boxed{} 안에 적으시오."]}' \\
      --spec '{"format": "augmented", "augment": {"style": {"place": "after"}, "seed": 1}}'

`format: augmented` puts a directive beside the question (style), or distractors of similar questions among its options (options).
`format: translated` takes the answers of a recipe that was asked to translate: `--traces results/traces/POOL/RECIPE --shards 19`.
Writes `prompts.parquet`, whose rows name their parents, and `rejected.jsonl`, a line for each prompt or trace of which nothing was made.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import polars as pl

from koreason.config.load import read_spec
from koreason.curate.making.options import widened
from koreason.curate.making.parents import Parent, parents
from koreason.curate.making.reasons import REJECTED, Unmade
from koreason.curate.making.spec import Making, Phrasing
from koreason.curate.making.styled import styled
from koreason.curate.making.translated import translated
from koreason.curate.prompts.identifiers import identified
from koreason.curate.prompts.occurrences import Occurrences
from koreason.curate.writer import Rows
from koreason.errors import UserError
from koreason.progress import bar
from koreason.records.digests import canonical
from koreason.records.held import Held, held
from koreason.records.manifest import MANIFEST
from koreason.records.stage import Stage
from koreason.shards import shard_names
from koreason.tables import PROMPTS, ROWS_PER_GROUP

RAW_CHARS = 300
Found = tuple[str, Parent, dict[str, Any] | Unmade]  # how it was made, of what, and the prompt or the reason why there is none


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument("--source", required=True, metavar="NAME", help="the source's name in the catalogue")
    parser.add_argument("--spec", required=True, metavar="JSON", help="a Making of the configuration: format, augment, translate")
    parser.add_argument("--language", default="{}", metavar="JSON", help="the pool's entry of `languages`: directives, cues")
    parser.add_argument("--of", required=True, metavar="JSON", help="sources of the pool whose prompts are taken")
    parser.add_argument("--pool", required=True, type=Path, metavar="MANIFEST", help="the pool's manifest")
    parser.add_argument("--traces", type=Path, metavar="DIR", help="of `translated`: folder of the shards of the pool's traces")
    parser.add_argument("--shards", type=int, metavar="N", help="of `translated`: their number")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where prompts.parquet and rejected.jsonl go")


def main(arguments: argparse.Namespace) -> None:
    """Make the source in `--out`."""
    making, phrasing = read_spec(arguments.spec, Making), read_spec(arguments.language, Phrasing)
    of: list[str] = json.loads(arguments.of)
    names = shard_names(arguments.shards or 0)
    shards = [arguments.traces / name / MANIFEST for name in names] if arguments.traces else []
    check(making, phrasing, shards, arguments.source)
    options = json.loads(arguments.spec) | {"language": json.loads(arguments.language), "of": of}
    with Stage(arguments.out, "augment", options, [arguments.pool, *shards]) as stage:
        pool, name = held(arguments.pool), arguments.pool.parent.name
        write(found(making, phrasing, pool, name, of, shards), arguments.source, name, making.max_reject_share, stage)


def check(making: Making, phrasing: Phrasing, shards: list[Path], name: str) -> None:
    """Refuse what makes nothing.

    Raises:
        UserError: settings are missing, or the language has no directives, or a pattern that is none.
    """
    where, augment = f"source {name}", making.augment
    if making.format not in ("augmented", "translated"):
        raise UserError(f"has the format '{making.format}', which is read by `koreason ingest`", where)
    if making.format == "augmented" and (augment is None or (augment.style is None and augment.options is None)):
        raise UserError("has neither `style` nor `options`", f"{where}.augment", "give one or both")
    if making.format == "augmented" and augment and augment.style and not (phrasing.directives and phrasing.choice_directives):
        raise UserError("lacks `directives` or `choice_directives`", "--language", "give the language of the pool some of both")
    for field, patterns in {name: getattr(phrasing, name) for name in ("negations", "relative_options", "around_gold")}.items():
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise UserError(f"'{pattern}' is no regular expression ({error})", f"--language, {field}", "correct it") from None
    if making.format == "translated" and (making.translate is None or not shards):
        raise UserError("needs `translate` in its settings, and --traces and --shards", where)


def found(making: Making, phrasing: Phrasing, pool: Held, name: str, of: list[str], shards: list[Path]) -> Iterator[Found]:
    """All that is made, and why the rest is not, in the pool's or the shards' order."""
    if making.translate and making.format == "translated":
        for parent, result in translated(pool, name, of, map(held, shards), making.translate):
            yield "translation", parent, result
    elif making.augment:
        augment = making.augment
        if augment.style:
            for parent, result in styled(pool, name, of, phrasing, augment.style, augment.seed, augment.limit):
                yield "style", parent, result
        if augment.options:
            for parent, result in widened(parents(pool, name, of), phrasing, augment.options, augment.seed, augment.limit):
                yield "options", parent, result


def write(results: Iterator[Found], source: str, pool: str, max_reject_share: float, stage: Stage) -> None:
    """Write prompts and what was left out.

    Raises:
        UserError: nothing was made, or too many translations are damaged.
    """
    made: Counter[str] = Counter()
    left: Counter[Unmade] = Counter()
    occurrences, batch = Occurrences(), list[dict[str, Any]]()
    with ExitStack() as stack:
        rows = stack.enter_context(Rows(stage, "prompts.parquet", PROMPTS, indexed=True))
        refused = stack.enter_context(open(stage.path("rejected.jsonl"), "w", encoding="utf-8"))
        for kind, parent, result in bar(results, what=f"augment {source}", unit=" records"):
            if isinstance(result, Unmade):
                left[result] += 1
                line = {"file": pool, "record": parent.record, "prompt_id": parent.id, "reason": result, "raw": parent.damaged[:RAW_CHARS]}
                refused.write(canonical(line) + "\n")
                continue
            made[kind] += 1
            batch.append(result)
            if len(batch) == ROWS_PER_GROUP:
                rows.write(table(batch, source, occurrences))
                batch.clear()
        rows.write(table(batch, source, occurrences))
    rejected = {reason.value: left[reason] for reason in REJECTED if left[reason]}
    skipped = {reason.value: left[reason] for reason in Unmade if left[reason] and reason not in REJECTED}
    judge(source, pool, rows.count, skipped, rejected, max_reject_share)
    stage.add("prompts.parquet", rows=rows.count, html=False)  # what clean has cleaned is no HTML any more
    stage.add("rejected.jsonl", rows=left.total())
    stage.counts.update(records=rows.count + left.total(), accepted=rows.count, skipped=skipped, rejected=rejected, made=dict(made))


def table(batch: list[dict[str, Any]], source: str, occurrences: Occurrences) -> pl.DataFrame:
    """New prompts as a frame of the contract PROMPTS with ids by content, as those of dumps."""
    questions = [row["question"].encode() for row in batch]
    passages = [row["passage"] and row["passage"].encode() for row in batch]
    ids = identified(source, questions, passages, [row["options"] for row in batch], occurrences)
    rows = [{"prompt_id": prompt_id, "source": source, **row} for prompt_id, row in zip(ids, batch, strict=True)]
    return pl.DataFrame(rows, schema=PROMPTS)


def judge(source: str, pool: str, made: int, skipped: dict[str, int], rejected: dict[str, int], most: float) -> None:
    """Refuse a source that is empty or mostly damaged.

    Raises:
        UserError: naming the commonest reason.
    """
    worst = sorted({**skipped, **rejected}.items(), key=lambda item: (-item[1], item[0]))[:1]
    why = "".join(f"; the commonest reason is {reason} ({count})" for reason, count in worst)
    if not made:
        raise UserError(f"nothing could be made of pool {pool}{why}", f"source {source}", "check its `of`, `augment` and the pool")
    bad, total = sum(rejected.values()), made + sum(rejected.values())
    if bad > most * total:
        share = f"{bad} of {total} translations are damaged, more than the share of {most:g} that max_reject_share allows"
        raise UserError(share + why, f"source {source}", "look at its rejected translations, at the recipe and at `translate`")
