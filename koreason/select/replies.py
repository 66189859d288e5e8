"""Replies that teach nothing: they give the instructions away, refuse, slip into a third script, are garbled, or are the question again.

    traces.with_columns(*told(filters, Told(system="Think carefully.", refusals=patterns)))
    traces.filter(~refuses(filters))

Five of the filters of `koreason/select/filters.py`, which says how their docstrings are read. A mix asks for each of them.
"""

from dataclasses import dataclass

import polars as pl

from koreason.errors import UserError
from koreason.select.spec import Filters, Refusing

RUN = 30  # letters and digits in a row that a reply shares with the system prompt, some six English words
BEGINNING = 300  # characters of an answer in which a refusal is looked for: further on it may be a quotation
COPY = 0.1  # part of the question by which a copy of it may be longer or shorter
MOST = 4  # times as long as the question, white space and marks with it: what is longer is not looked at, which saves all of the time
LEAST = 10  # letters and digits of a question whose copy is no answer
# A teacher that is asked to think in English may refuse in it, whatever language it was asked in.
ENGLISH = (
    r"(?i)\b(?:I['’]m|I am|we['’]re|we are) (?:really |so |very )?(?:sorry|afraid|unable|not able)\b[^.!?\n]{0,40}\b(?:can(?:['’]t|not)"
    r"|won['’]t|unable|not able|to (?:help|assist|provide|answer|comply|fulfill))",
    r"(?i)\bI (?:can(?:['’]t|not| not)|won['’]t|will not|must decline to) (?:help|assist|provide|answer|comply|fulfill|engage|discuss)\b",
    r"(?i)\bas an AI(?: language)? (?:model|assistant)\b[^.!?\n]{0,60}\b(?:can(?:['’]t|not)|unable|not able|do not|don['’]t)",
)
# Characters that no text holds on purpose: half-decoded, private and control characters, UTF-8 that was read as Latin-1 or cp1252,
# and sixteen single letters with spaces between them.
LATE = r"[\x{80}-\x{bf}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"  # a byte after a character's first, in either
GARBLED = (
    rf"[\x{{c2}}\x{{c3}}\x{{ce}}-\x{{d1}}]{LATE}|[\x{{e0}}-\x{{ef}}]{LATE}{{2}}|[\x{{f0}}-\x{{f4}}]{LATE}{{3}}"
    r"|[\x{80}-\x{9f}\x{fffd}\x{fffe}\x{ffff}\x{e000}-\x{f8ff}\x{f0000}-\x{10ffff}]|(?:\s\p{L}\p{M}*){16}(?:\s|\z)"
)


@dataclass(frozen=True, kw_only=True)
class Told(Refusing):
    """What these filters must know of the recipe that drew the traces.

    Attributes:
        system: its system prompt, where the mix asks whether that leaks.
    """

    system: str | None = None


def leaks_prompt(filters: Filters) -> pl.Expr:
    """Tells its instructions. The reply repeats a part of the system prompt, which a student does not get to see."""
    return pl.col("leaks_prompt") if filters.drop_prompt_leaks else pl.lit(False)


def refuses(filters: Filters) -> pl.Expr:
    """Refuses. The answer begins by declining to answer."""
    return pl.col("refuses") if filters.drop_refusals else pl.lit(False)


def third_script(filters: Filters) -> pl.Expr:
    """A third script. Too many letters are of a script that is neither the target language's nor one to think in."""
    most = filters.max_leaked_share
    return pl.lit(False) if most is None else pl.max_horizontal("leaked_share", "answer_leaked_share") > most


def garbled(filters: Filters) -> pl.Expr:
    """Garbled. Too much of the reply is characters that no text holds on purpose."""
    if filters.max_garbled_share is None:
        return pl.lit(False)
    text = pl.concat_str(pl.col("think").fill_null(""), pl.col("answer").fill_null(""), separator="\n")
    return 1 - text.str.replace_all(GARBLED, "").str.len_chars() / text.str.len_chars() > filters.max_garbled_share


def copies_question(filters: Filters) -> pl.Expr:
    """Only the question. The thinking or the answer is the question once more and nothing else."""
    if not filters.drop_copies:
        return pl.lit(False)
    question = _plain(pl.col("question").str.normalize("NFKC"))
    size = question.str.len_chars()
    short = (
        pl.when(pl.col(part).str.len_chars() <= MOST * pl.col("question").str.len_chars()).then(part).str.normalize("NFKC")
        for part in ("think", "answer")
    )
    return (size >= LEAST) & pl.any_horizontal(
        (text.str.len_chars().cast(pl.Float64) / size).is_between(1 - COPY, 1 + COPY)
        & (text.str.contains(question, literal=True) | question.str.contains(text, literal=True))
        for text in map(_plain, short)
    )


def told(filters: Filters, recipe: Told) -> list[pl.Expr]:
    """The columns `leaks_prompt` and `refuses` of a recipe's traces, where a mix goes by them.

    Raises:
        UserError: a pattern is no regular expression.
    """
    found = []
    if filters.drop_prompt_leaks:
        system = pl.select(_plain(pl.lit(recipe.system or ""))).item()
        runs = [system[start : start + RUN] for start in range(len(system) - RUN + 1)]
        think, answer, question = (
            _plain(pl.col(part)).str.contains_any(runs) if runs else pl.lit(False) for part in ("think", "answer", "question")
        )
        found.append(((think | answer) & ~question).alias("leaks_prompt"))
    if filters.drop_refusals:
        beginning = pl.col("answer").fill_null("").str.slice(0, BEGINNING)
        refuse_broken_refusals(recipe)
        found.append(pl.any_horizontal(beginning.str.contains(pattern) for pattern in (*ENGLISH, *recipe.refusals)).alias("refuses"))
    return found


def refuse_broken_refusals(language: Refusing) -> None:
    """Compile every pattern.

    Raises:
        UserError: one is no regular expression.
    """
    for pattern in language.refusals:
        try:
            pl.select(pl.lit("").str.contains(pattern))
        except pl.exceptions.ComputeError as error:
            said = " ".join(str(error).split())
            raise UserError(f"{pattern!r} is no regular expression of Rust's regex ({said})", "refusals") from None


def _plain(text: pl.Expr) -> pl.Expr:
    """Letters and digits of a text alone, in small letters: what copies have in common."""
    return text.fill_null("").str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}\p{N}]+", "")
