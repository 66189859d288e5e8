"""How a language's texts are cut into the units that 13-grams are made of.

segmenter(Segmentation(segmenter="characters"))("다음 글")      # ["다", "음", "글"]

All cut a folded text (`fold.folded` with gaps). The units of `kiwi` are stretches of it, so those of thirteen in a row, joined, are
thirteen letters or more of the text without white space: what shares a gram shares that string, and nothing else need be segmented.
"""

import re
from collections.abc import Callable
from itertools import groupby

from koreason.curate.overlap.fold import folded, script_table
from koreason.curate.spec import Segmentation
from koreason.errors import UserError

Cut = Callable[[str], list[str]]


def segmenter(language: Segmentation) -> Cut:
    """A language's way from a text to its units.

    Raises:
        UserError: the morphological analyser is not installed, or `endings` is no regular expression.
    """
    if language.segmenter == "characters":
        return lambda text: list(folded(text))
    if language.segmenter == "kiwi":
        return _kiwi()
    try:
        endings = re.compile(f"(?:{language.endings})$") if language.endings else None
    except re.error as error:
        raise UserError(f"is no regular expression ({error})", "languages: endings", "mend it") from None
    return lambda text: words(text, endings)


def words(text: str, endings: re.Pattern[str] | None = None) -> list[str]:
    """Words end at white space, marks and script borders; an ending is cut off where something is left."""
    scripts = script_table()
    found = ["".join(part) for script, part in groupby(folded(text, " "), lambda letter: _script(letter, scripts)) if script]
    return [(endings.sub("", word) or word) if endings else word for word in found]


def _script(letter: str, scripts: object) -> int:
    code = ord(letter)
    return int(scripts[code]) if code < 65_536 else 9  # type: ignore[index]


def _kiwi() -> Cut:
    try:
        from kiwipiepy import Kiwi
    except ImportError:
        raise UserError("kiwipiepy is not installed", "languages: segmenter", "use `words`, or add kiwipiepy to envs/data.in") from None
    kiwi = Kiwi(num_workers=1)

    def cut(text: str) -> list[str]:
        plain = folded(text, " ")
        borders = {place for token in kiwi.tokenize(plain) for place in (token.start, token.start + token.len)}
        units, unit = [], ""
        for place, letter in enumerate(plain):
            if unit and (letter == " " or place in borders):
                units.append(unit)
                unit = ""
            unit += letter.strip()
        return [*units, unit] if unit else units

    return cut
