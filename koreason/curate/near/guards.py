"""What near twins must have in common besides their letters: numbers, operators, names, and words that turn a question around.

    guards(frame, "stem", Talk(opposites="최대|최소"))      # equal numbers where all of these are equal, in their order

In kinds that are guarded, twins have the same numbers, operators and relations, LaTeX commands, Latin words (variables, units, names of a
program) and matches of the language's `opposites`, in the same order: `12 - 3` is not `3 - 12`. Options may be in any order; those of
exams have the same letters, since one other option makes another question. What is written in two ways counts as one: `\\leq` and `≤`,
`1,000` and `1000`, `\\dfrac` and `\\frac`, `2 \\times 3` and `2×3`. Commands that only set type do not count. In code the
indentation counts as well. Of prose (`text`) numbers count with their sign and unit, signs of mathematics and `opposites`; of talk
numbers alone, since its words are spaced and misspelt in many ways.
"""

import numpy
import numpy.typing
import polars as pl
from xxhash import xxh3_64_intdigest

from koreason.curate.near.forms import OPTION, OTHER, Seen, seen
from koreason.curate.spec import Talk, TwinKind

GUARDED = ("text", "stem", "code", "exam", "talk")
END = "\x1e"  # of a token
# A word in angle brackets is a heading of exams; tokens of it are dropped.
HEADING = r"<[^<>\x00-\x7F][^<>\n]{0,15}>"
FIGURE = r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?"
NUMBER = rf"{FIGURE}[!~]?|[{OTHER}]"
# In prose a number goes with its unit and its sign, and few other signs mean anything.
PROSE = rf"−?{FIGURE}(?:[!~]| ?[A-Za-z%]{{1,3}}(?-u:\b))?|[{OTHER}]|\^[0-9A-Za-z({{]|[\p{{Sm}}*&&[^~|<>−]]"
NEGATIVE = r"(^|[ (\[=,+*/×^])[-−–]([0-9])"
WORD = r"\\[A-Za-z]+|[A-Za-z]+!?|\)!"
# Mathematical signs but the tilde, with which talk ends; signs of units; negation and the like.
SIGN = r"[\p{Sm}/*^%°\-–&&[^~]]|[\x{2100}-\x{214F}\x{3380}-\x{33FF}]"
CODE = r"\n[ \t]+|[0-9]+(?:\.[0-9]+)?|[A-Za-z_][A-Za-z0-9_]*|\p{N}|[\p{Sm}/*^%&!\-]|[\[\]{}]|\(\)"
FRACTION = (r"(\\[dtc]?frac)\s*([0-9])\s*([0-9])", "$1 $2 $3")
SAME = {
    "\\dfrac": "\\frac",
    "\\tfrac": "\\frac",
    "\\cfrac": "\\frac",
    "\\times": "×",
    "*": "×",
    "\\div": "/",
    "÷": "/",
    "\\le": "≤",
    "\\leq": "≤",
    "\\leqslant": "≤",
    "≦": "≤",
    "\\ge": "≥",
    "\\geq": "≥",
    "\\geqslant": "≥",
    "≧": "≥",
    "\\ne": "≠",
    "\\neq": "≠",
    "\\to": "→",
    "\\rightarrow": "→",
    "\\pm": "±",
    "\\infty": "∞",
    "\\lt": "<",
    "\\gt": ">",
    "−": "-",
    "–": "-",
}
SILENT = (
    *("\\left", "\\right", "\\big", "\\Big", "\\bigg", "\\Bigg", "\\displaystyle", "\\textstyle", "\\quad", "\\qquad"),
    *("\\cdot", "\\text", "\\mathrm", "\\rm", "\\limits"),
)


def guards(frame: pl.DataFrame, kind: TwinKind, language: Talk, of: Seen | None = None) -> numpy.typing.NDArray[numpy.uint64]:
    """A hash of what near twins of this kind must share, of prompts with the columns of `CLEANED`; 0 in kinds without a guard.

    `of` is what was seen of them, if it was.
    """
    if kind not in GUARDED:
        return numpy.zeros(frame.height, numpy.uint64)
    if kind == "talk" and frame["options"].null_count() == frame.height:
        return _hashed(_numbers(of or seen(frame, kind, language)))
    pattern = "|".join({"code": (CODE,), "text": (PROSE,), "talk": (NUMBER,)}.get(kind, (HEADING, NUMBER, WORD, SIGN)))
    pattern = f"(?:{language.opposites})|{pattern}" if language.opposites and kind != "talk" else pattern
    passage = pl.col("passage").fill_null("") + "\n"
    of_option = tokens(pl.element(), pattern, kind)
    if kind == "exam":
        of_option += pl.element().str.replace_all(r"[\s\p{P}]+", "")
    options = pl.col("options").list.eval(of_option).list.sort().list.join(OPTION).fill_null("")
    alone = pl.col("options").list.len().fill_null(0) == 0
    asked = pl.concat_str(passage, pl.col("question").fill_null(""))
    if kind == "exam":
        gold = pl.lit(OPTION) + pl.coalesce("gold", "answer").fill_null("")
        asked = pl.when(alone).then(pl.concat_str(asked, gold)).otherwise(pl.col("question").fill_null(""))
        letters = pl.col("passage").fill_null("").str.replace_all(r"[\s\p{P}]+", "")
        options += pl.lit(OPTION) + pl.when(alone).then(pl.lit("")).otherwise(letters)
    if kind != "code":
        asked = asked.str.replace_all(r"\s\s+|[^\S ]", " ")
    if kind == "text":
        asked = asked.str.replace_all(NEGATIVE, "${1}−${2}")
    return _hashed(frame.select(pl.concat_str(tokens(asked, pattern, kind), pl.lit(OPTION), options)).to_series())


def _hashed(texts: pl.Series) -> numpy.typing.NDArray[numpy.uint64]:
    return numpy.array(list(map(xxh3_64_intdigest, texts.cast(pl.Binary).to_list())), numpy.uint64)


def _numbers(of: Seen) -> pl.Series:
    """The tokens of talk without options, its numbers: most texts hold but those of ASCII digits, found in a fourth of the time."""
    found = _joined(of.texts, rf"{FIGURE}[!~]?")
    return found.scatter(of.odd, _joined(of.texts.gather(of.odd), NUMBER)) if len(of.odd) else found


def _joined(texts: pl.Series, pattern: str) -> pl.Series:
    if len(rows := texts.str.contains("frac", literal=True).arg_true()):
        texts = texts.clone().scatter(rows, texts.gather(rows).str.replace_all(*FRACTION))
    found = texts.str.extract_all(pattern).list.join(END + END).str.replace_all(",", "", literal=True)
    return found.to_frame("found").select(pl.lit(END) + pl.col("found") + pl.lit(END + OPTION)).to_series()


def tokens(text: pl.Expr, pattern: str, kind: TwinKind) -> pl.Expr:
    """The tokens of a text in their order, each with its end, each way of writing as one."""
    if kind == "code":
        return text.str.extract_all(pattern).list.join(END).str.replace_all(r"(\S) (\S)", "$1$2")
    text = text.str.replace_all(*FRACTION)
    joined = text.str.extract_all(pattern).list.join(END + END)
    joined = pl.lit(END) + joined + pl.lit(END)
    joined = joined.str.replace_all(f"{END}<[^{END}]+{END}", "").str.replace_all("[, ]", "")
    same = {END + found + END: END + meant + END for found, meant in SAME.items()} | {END + command + END: "" for command in SILENT}
    return joined.str.replace_many(list(same), list(same.values()))
