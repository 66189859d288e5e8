"""Prompts with their texts cleaned, and what is measured of them; what a row becomes depends on no other row.

frame = cleaned(chunk, language, html=True, mask=True)
"""

import numpy
import polars as pl

from koreason.curate.spec import PromptLanguage
from koreason.curate.text.composed import composed
from koreason.curate.text.dirt import chat_control, damage, repetition
from koreason.curate.text.markup import without_markup
from koreason.curate.text.normalise import ODD, UNTIDY, changed, compose, plain, tidy, where
from koreason.curate.text.personal import masked
from koreason.curate.text.pictures.evidence import image_evidence
from koreason.curate.text.pictures.phrases import shows_image
from koreason.curate.text.search.gates import both, gates_of, search
from koreason.curate.text.shares import again, characters, shares

TEXTS = ("question", "passage", "answer")
MASKED = ("question", "passage", "answer", "url")


def cleaned(frame: pl.DataFrame, language: PromptLanguage, *, html: bool, mask: bool) -> pl.DataFrame:
    """The same rows and columns with clean texts, and the measures, none of them null.

    Args:
        frame: columns `question`, `passage`, `options` (a list of texts), `answer` and `url` are cleaned, any others kept.
        html: whether the source's texts may hold HTML.
        mask: whether personal data is masked.

    Returns:
        further columns: `chars`, the characters of the composed text; `share_characters`, `share_outside_math_and_code` and
        `share_letters`, its characters in the target scripts over all that are not white space, over those outside formulas, code
        and addresses, and over the letters of any script; `shows_image`, `image_phrase` (empty: none), `repetition`, `damage`
        (shares of the text), `chat_control` (strings), `masked` and `masked_KIND` (places, in all texts of the row).
    """
    raw = pl.DataFrame({"text": composed(frame)})
    text = pl.col("text")
    seen = characters(raw["text"], language)
    before = raw.select(shows_image(text).alias("shows_image"), damage(raw["text"], numpy.flatnonzero(seen.suspect)))
    frame, pictures = _each(frame, language, html, pl.Series(seen.odd > 0))
    before = before.with_columns(pl.col("shows_image") | pictures)
    frame, found = _masked(frame, language, mask)
    after = pl.DataFrame({"text": composed(frame)}).with_columns(chars=text.str.len_chars().cast(pl.Int64))
    seen = again(seen, raw["text"], after["text"], language)
    measures = after.select(
        "chars",
        repetition(after["text"]),
        image_evidence(after["text"], language),
        chat_control=chat_control(text),
    )
    return pl.concat([frame, measures, shares(after["text"], after["chars"], language, seen), before, found], how="horizontal")


def clean_texts(
    texts: pl.Series, language: PromptLanguage, html: bool, odd: pl.Series | None = None, framed: bool = True
) -> tuple[pl.Series, pl.Series]:
    """Texts without markup and boilerplate, in NFC, with plain white space, and which showed a picture in HTML; nulls stay null.

    Args:
        odd: which of them may hold a character of `ODD`, where that is known.
        framed: whether boilerplate may stand around them; a text that is nothing else keeps it.
    """
    odd, text = pl.Series(characters(texts, language).odd > 0) if odd is None else odd, pl.col("text")
    plain_texts, pictures = without_markup(texts, language, html=html)
    texts = where(plain_texts, [ODD], plain(compose(text)), odd | plain_texts.ne_missing(texts))
    if framed and language.boilerplate:
        bare = text.str.replace_all("|".join(f"(?:{part})" for part in language.boilerplate), "")
        texts = changed(texts, _framed(texts, language), pl.when(bare.str.contains(r"\S")).then(bare).otherwise(text))
    return where(texts, UNTIDY, tidy(text)), pictures


def _framed(texts: pl.Series, language: PromptLanguage) -> pl.Series:
    """Rising rows of the texts that hold boilerplate."""
    words = frozenset(language.boilerplate_words)
    rows, *gated = gates_of(tuple(language.boilerplate), (words,)).rows(texts)
    found = numpy.zeros(len(texts), bool)
    for part, some in zip(language.boilerplate, gated, strict=True):
        search(texts, part, both(some, rows if words else None), found)
    return pl.Series(numpy.flatnonzero(found))


def _each(frame: pl.DataFrame, language: PromptLanguage, html: bool, odd: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    """The frame with clean texts, and which rows showed a picture in HTML; a column that is all null costs nothing."""
    changed, pictures = [], pl.repeat(False, frame.height, eager=True, dtype=pl.Boolean)
    for name in TEXTS:
        if frame[name].null_count() < frame.height:
            texts, shown = clean_texts(frame[name], language, html, None if name == "answer" else odd)
            changed.append(texts.alias(name))
            pictures = pictures if name == "answer" else pictures | shown
    if (options := frame["options"]).null_count() < frame.height:
        flat, rows = _flat(options)
        texts, shown = clean_texts(flat, language, html, odd.gather(rows), framed=False)
        pictures = pictures | (_summed(rows, shown, frame.height) > 0)
        changed.append(_listed(options, texts, rows).alias("options"))
    return frame.with_columns(changed), pictures


def _flat(options: pl.Series) -> tuple[pl.Series, pl.Series]:
    """All options in one column, and the row of each."""
    flat = pl.DataFrame({"row": pl.int_range(len(options), eager=True), "option": options}).filter(pl.col("option").list.len() > 0)
    flat = flat.explode("option")
    return flat["option"], flat["row"]


def _listed(options: pl.Series, flat: pl.Series, rows: pl.Series) -> pl.Series:
    """The options again as lists, of their changed texts; what was null or empty stays so."""
    lists = pl.DataFrame({"row": rows, "option": flat}).group_by("row", maintain_order=True).agg("option")
    every = pl.DataFrame({"row": pl.int_range(len(options), eager=True), "old": options})
    return every.join(lists, on="row", how="left", maintain_order="left").select(pl.coalesce("option", "old")).to_series()


def _masked(frame: pl.DataFrame, language: PromptLanguage, mask: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frame without personal data, and how much was found in each row: in all and of each kind."""
    totals = {kind: pl.zeros(frame.height, pl.Int64, eager=True) for kind in language.personal_data}
    if mask and totals:
        for name in (*MASKED, "options"):
            if frame[name].null_count() == frame.height:
                continue
            if name == "options":
                flat, rows = _flat(frame[name])
                flat, found = masked(flat, language.personal_data)
                found = {kind: _summed(rows, count, frame.height) for kind, count in found.items()}
                texts = _listed(frame[name], flat, rows)
            else:
                texts, found = masked(frame[name], language.personal_data)
            frame = frame.with_columns(texts.alias(name))
            totals = {kind: total + found[kind] for kind, total in totals.items()}
    columns = {f"masked_{kind}": total for kind, total in totals.items()}
    found_frame = (
        pl.DataFrame(columns).with_columns(masked=pl.sum_horizontal(columns.keys()))
        if columns
        else pl.DataFrame({"masked": pl.zeros(frame.height, pl.Int64, eager=True)})
    )
    return frame, found_frame


def _summed(rows: pl.Series, counts_of_options: pl.Series, height: int) -> pl.Series:
    """Counts of single options summed over their rows."""
    sums = numpy.zeros(height, numpy.int64)
    numpy.add.at(sums, rows.to_numpy(), counts_of_options.to_numpy())
    return pl.Series(sums)
