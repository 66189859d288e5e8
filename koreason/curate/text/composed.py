"""A prompt in one piece: passage, question and lettered options, as a reader is shown it.

text = composed(frame)    # a series of strings
"""

import string

import polars as pl


def composed(frame: pl.DataFrame) -> pl.Series:
    """The whole text of each row: `passage`, `question` and `options` (lines `A. …`), joined by blank lines; never null.

    It equals the question where there is neither passage nor option. Options past Z go on with AA, AB and so on.
    """
    question = frame["question"].fill_null("")
    parts = []
    if (passage := frame["passage"]).null_count() < frame.height:
        parts.append(passage.cast(pl.String))
    parts.append(frame["question"])
    if frame["options"].null_count() < frame.height:
        parts.append(_lines(frame["options"]))
    if len(parts) == 1:
        return question.alias("text")
    named = pl.DataFrame([part.alias(str(place)) for place, part in enumerate(parts)])
    filled = [pl.when(pl.col(name) != "").then(pl.col(name)) for name in named.columns]  # an empty part leaves no blank line
    return named.select(pl.concat_str(filled, separator="\n\n", ignore_nulls=True).alias("text")).to_series()


def letter(place: int) -> str:
    """A, B, … Z, AA, AB …: the name of the option at `place`, from 0."""
    tens, ones = divmod(place, 26)
    return (letter(tens - 1) if tens else "") + string.ascii_uppercase[ones]


def _lines(options: pl.Series) -> pl.Series:
    """Options as lines; null where there are none."""
    longest = int(options.list.len().max() or 0)  # type: ignore[arg-type]
    letters = pl.Series([letter(place) for place in range(longest)], dtype=pl.String)
    flat = pl.DataFrame({"row": pl.arange(options.len(), eager=True), "option": options}).explode("option").drop_nulls()
    place = pl.col("row").cum_count().over("row") - 1
    lines = flat.with_columns(option=pl.concat_str(pl.lit(letters.gather(flat.select(place).to_series())), pl.lit(". "), pl.col("option")))
    joined = lines.group_by("row", maintain_order=True).agg(pl.col("option").str.join("\n"))
    return pl.DataFrame({"row": pl.arange(options.len(), eager=True)}).join(joined, on="row", how="left", maintain_order="left")["option"]
