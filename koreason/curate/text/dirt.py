"""What is wrong with a text that cleaning does not mend: measured, for the pool to decide.

frame.with_columns(damage=damage(pl.col("question")), repetition=repetition(frame["question"]))
"""

import re

import numpy
import polars as pl

from koreason.columns.arrays import Bytes, Places, buffers
from koreason.columns.suspects import holding
from koreason.curate.text.normalise import LOST

# How bytes 80 to 9F look when they were read as windows-1252; as Latin-1 they are controls.
CP1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
TAIL = rf"[\x{{0080}}-\x{{00BF}}{CP1252}]"

# UTF-8 read as Latin-1 or windows-1252: a first byte of two or three, and the bytes that follow it; EUC-KR read as Latin-1: syllables
# of two bytes, at least two of them; and what is left of U+FFFD when it went through EUC-KR.
MOJIBAKE = (
    rf"[âãäåæçèéêëìíïð]{TAIL}{{2}}",
    rf"[ÂÃ]{TAIL}",
    r"(?:[\x{00B0}-\x{00C8}][\x{00A1}-\x{00FE}]){2,}(?:[\x{00A1}-\x{00AF}\x{00B0}-\x{00C8}][\x{00A1}-\x{00FE}])*",
    "占쏙옙|占쏙",
)
CONTROLS = r"\x00-\x08\x0E-\x1B\x7F-\x{0084}\x{0086}-\x{009F}"
DAMAGE = "|".join((f"[{LOST}{CONTROLS}]", *MOJIBAKE))
# UTF-8 read as CP949: Hangul that KS X 1001 lacks, which hardly any text holds, close together or behind what could not be read.
UNCOMMON = [code for code in range(0xAC00, 0xD7A4) if len(chr(code).encode("euc_kr")) > 2]
AS_ONE = dict.fromkeys(UNCOMMON, "\ua000")
MISREAD = re.compile("\ua000(?:[\ua000가-힣一-鿿?\ufffd]{0,2}\ua000)+|[?\ufffd]\ua000[\ua000가-힣一-鿿?\ufffd]?")
# One class that every damage holds a character of: few texts do. UTF-8 read as CP949 has ideographs, U+FFFD or what `LOST_MARK` finds.
SUSPECT = f"[{LOST}{CONTROLS}ÂÃâãäåæçèéêëìíïð\\x{{00B0}}-\\x{{00C8}}占\\x{{4000}}-\\x{{9FFF}}]"
LOST_MARK = r"\?[\x{AC00}-\x{D7A3}]"

# Strings by which chat templates steer a model; people ask about them, so they stay.
CHAT_CONTROL = (
    r"<\|[^|<>\n]{1,40}\|>|<｜[^｜<>\n]{1,40}｜>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>"
    r"|</?(?:s|think|thinking|tool_call|tool_response|bos|eos|pad|unk|sop|eop)>|<(?:start|end)_of_(?:turn|image|text)>|<extra_id_[0-9]+>"
    r"|\[/?(?:gMASK|CLS|SEP|MASK|BOS|EOS|PAD|UNK)\]|\[\|[a-z]{2,20}\|\]"
)

LEAST_RUN = 1 / 3  # of a text: what repeats less than that counts as none
LEAST_BYTES = 20  # of a run: `하하하하` is laughter
MEASURED = 16_384  # characters of a text, from its beginning
# A unit of 1 to 16 characters, five times or more in a row, with or without white space between.
RUN = re.compile(r"(\S.{0,15}?)(?:\s{0,2}\1){4,}", re.DOTALL)
# Where runs are looked for: at these many places, whether the few bytes there come again within a unit's greatest length, and once more.
ANCHORS, PROBE, AGAIN, LAG = 7, 6, 3, 16 * 4 + 3
BLOCK_ROWS = 2048  # looked at together: few enough to stay in the cache


def damage(texts: pl.Series, suspect: Places | None = None) -> pl.Series:
    """Share of the characters of each text, as it came, that are damage: lost characters, controls and mojibake; 0 of a null.

    `suspect` are the rows that hold a character of `SUSPECT`, where they are known.
    """
    suspect, text = holding(texts, SUSPECT)[0] if suspect is None else suspect, pl.col("text")
    rows = numpy.union1d(suspect, numpy.flatnonzero(texts.str.contains(LOST_MARK).fill_null(False)))
    found = pl.repeat(0.0, len(texts), eager=True).alias("damage")
    if not len(rows):
        return found
    hits = pl.DataFrame({"text": texts.gather(rows)}).with_columns(hits=text.str.extract_all(DAMAGE).list.join("").str.len_chars())
    hits = hits.with_columns(pl.col("hits") + pl.Series([misread(found) for found in hits["text"]], dtype=pl.UInt32))
    return found.scatter(rows, hits.select((pl.col("hits") / text.str.len_chars()).fill_nan(0.0)).to_series())


def misread(text: str | None) -> int:
    """Characters of UTF-8 that was read as CP949, those aside that are lost."""
    return sum(len(part) - part.count("\ufffd") for part in MISREAD.findall(text.translate(AS_ONE))) if text else 0


def chat_control(text: pl.Expr) -> pl.Expr:
    """How many strings of chat templates stand in a text."""
    suspect = pl.when(text.str.contains(r"<[|｜/a-z<]|\[/?[ISAgTCMBEPU|]")).then(text)
    return suspect.str.count_matches(CHAT_CONTROL).fill_null(0).cast(pl.Int64)


def repetition(texts: pl.Series) -> pl.Series:
    """Share of a text's bytes, 0 to 1, that is its longest run of one unit repeated (`ㅋㅋㅋ…`, `안녕 안녕 …`); 0 below `LEAST_RUN`.

    A unit has 1 to 16 characters and stands at least five times in a row.
    """
    raw, offsets = buffers(texts)
    sizes, found = numpy.diff(offsets), numpy.zeros(len(texts))
    suspects = _suspects(raw, offsets, numpy.flatnonzero((sizes >= LEAST_BYTES) & (sizes <= MEASURED)))
    for row in (*suspects.tolist(), *numpy.flatnonzero(sizes > MEASURED).tolist()):
        found[row] = run_share(texts[row])
    return pl.Series("repetition", found)


def run_share(text: str) -> float:
    """`repetition` of one text."""
    text = text[:MEASURED]
    size = len(text.encode())
    longest = max((len(match[0].encode()) for match in RUN.finditer(text)), default=0)
    return longest / size if longest >= max(LEAST_BYTES, LEAST_RUN * size) else 0.0


def _suspects(raw: Bytes, offsets: Places, rows: Places) -> Places:
    """Which of the rows may hold a run: one of a third of a text holds one of the places, and goes on for two units and more behind it."""
    data, found = numpy.concatenate([raw, numpy.zeros(2 * LAG + 8, numpy.uint8)]), [rows[:0]]
    windows = numpy.lib.stride_tricks.sliding_window_view(data, LAG + 8)
    for block in numpy.array_split(rows, -(-len(rows) // BLOCK_ROWS)) if len(rows) else []:
        steps = (offsets[block + 1] - offsets[block]) // ANCHORS
        places = (offsets[block][:, None] + steps[:, None] * numpy.arange(ANCHORS)).ravel()
        cut = windows[places]
        # What stands so many bytes behind each place, as numbers of four bytes.
        words = (numpy.ndarray(len(cut), "<u4", cut, lag, (LAG + 8,)) for lag in range(LAG + 1))
        first = next(words).copy()
        hits = [numpy.flatnonzero(word == first) for word in words]
        hit, lags = numpy.concatenate(hits), numpy.repeat(numpy.arange(1, LAG + 1), [len(some) for some in hits])
        for step in range(4, PROBE):
            same = cut[hit, step] == cut[hit, lags + step]
            hit, lags = hit[same], lags[same]
        again = places[hit] + 2 * lags
        for step in range(AGAIN):
            same = data[again + step] == data[places[hit] + step]
            hit, again = hit[same], again[same]
        found.append(block[numpy.unique(hit // ANCHORS)])
    return numpy.concatenate(found)
