"""What a file or folder is, as an entry of the catalogue would say it.

    found = guess([Path("dumps/forum")])
    found.source(), found.reasons

Deterministic, and bounded: it looks into the beginning and the middle of a few files, and reads their first records by the readers that
ingest uses, so that what is guessed is what is read. Category and licence are the user's to say.
"""

import itertools
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from koreason.curate.guessing.looks import DOCUMENTS, HEAD_BYTES, TITLES, Look, head_of, looked, rows_of
from koreason.curate.guessing.paths import json_columns, one_list, paths_of
from koreason.curate.guessing.roles import EMPTY, hangul_share, holds_html, named, roles
from koreason.curate.reading.documents.sheets import Sheet
from koreason.curate.reading.documents.workbook import Workbook
from koreason.curate.reading.readers import READERS, WHOLE
from koreason.curate.reading.streamed.packed import unpacked
from koreason.curate.reading.streamed.streams import Stream, opened
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source
from koreason.errors import UserError
from koreason.intake.named import ordered

RECORDS = 200  # looked at
FILES = 5  # looked into: the first, the last, and some between
TWICE = "is left out: there is more than one such column, rename all but one"
NUMBER = re.compile(r"-?[0-9][0-9.,]*")
SENTENCE = 20  # characters of a name that may be a text
FIXED = {
    "folder": ["title", "text", "path"],
    "warc": ["url", "title", "text", "date"],
    "discourse": ["title", "cooked", "raw", "created_at", "url", "answer_cooked", "answer_raw", "tags"],
}
# What is known of formats that say what their columns are.
KNOWN = {
    "folder": {"question": ["text"]},
    "warc": {"question": ["text"], "url": ["url"], "posted_at": ["date"]},
    "discourse": {"question": ["title", "cooked"], "answer": ["answer_cooked"], "url": ["url"], "posted_at": ["created_at"]},
    "stackexchange": {"question": ["Title", "Body"], "posted_at": ["CreationDate"]},
}
HTML = {"warc", "discourse", "stackexchange"}


@dataclass(frozen=True)
class Guess:
    """What was guessed.

    Attributes:
        root: folder of the files.
        files: their paths below it, in the order of their bytes.
        left_out: paths below it of files in other formats, with why.
        format, encoding, separator, sheet, columns, html: as in the catalogue; without a question's column where none was found.
        compression: of the first file.
        found: all columns of the dump.
        language_share: share of Hangul among the letters of the questions.
        reasons: each guess and why, a line each.
    """

    root: Path
    files: list[str]
    left_out: dict[str, str]
    format: str
    encoding: str
    separator: str | None
    sheet: str | None
    columns: dict[str, list[str]]
    html: bool
    compression: str
    found: list[str]
    language_share: float
    reasons: list[str] = field(default_factory=list)

    def source(self, columns: dict[str, list[str]] | None = None) -> Source:
        """It as an entry, without its files, which have to be digested first.

        Raises:
            UserError: no column looks like a question's.
        """
        columns = columns or self.columns
        if not columns.get("question"):
            empty = "".join(f", of which {said}" for said in self.reasons if said.endswith((EMPTY, TWICE)))
            do = f"its columns are {', '.join(self.found)}{empty}: write the entry by hand"
            raise UserError("no column looks like a question", self.root / self.files[0] if len(self.files) == 1 else self.root, do)
        hub = str(self.root) if self.format == "datasets" else None
        return Source(
            format=self.format,  # type: ignore[arg-type]
            columns=columns,  # type: ignore[arg-type]
            max_reject_share=0.01,
            html=self.html,
            root=str(self.root),
            encoding=self.encoding,
            separator=self.separator,
            sheet=self.sheet,
            hub=hub,
        )


def guess(paths: list[Path]) -> Guess:
    """Guess what some files, or all files of some folders, are.

    Raises:
        UserError: there is none, or none can be read.
    """
    root, names = gathered(paths)
    if ("dataset_info.json" in names and "state.json" in names) or "dataset_dict.json" in names:
        look = Look("datasets", "none", "utf-8", None, "", ("save_to_disk of Hugging Face's datasets wrote it",))
        looks, left_out = {name: look for name in names}, dict[str, str]()
    else:
        looks, left_out = _looks(root, names)
        look = _commonest(looks, names)
        left_out |= {name: f"it is {other.format}" for name, other in looks.items() if other.format != look.format}
    suffixes = {_suffix(name) for name, other in looks.items() if other.format == look.format}
    left_out |= {name: "another kind of file" for name in names if name not in looks and _suffix(name) not in suffixes}
    files = [name for name in names if name not in left_out]
    reasons = [f"format {look.format}: {look.reasons[-1]}"]
    reasons += [f"compression: {look.reasons[0]}"] if look.compression != "none" else []
    encodings = Counter(one.encoding for one in looks.values() if one.format == look.format and one.text and not one.text.isascii())
    encoding = encodings.most_common(1)[0][0] if encodings else look.encoding
    if look.text:
        reasons.append(f"encoding {encoding}: {look.reasons[-2]}")
        if len(encodings) > 1:
            reasons.append("its files have several encodings: make a source of each")
    guessed = Guess(root, files, left_out, look.format, encoding, look.separator, None, {}, False, look.compression, [], 0.0, reasons)
    for name in (name for name in files if name in looks and looks[name].compression == "zip"):
        _one_kind(root / name)
    unused = Counter[str]()
    for first in (name for name in files if name in looks):  # a file may be empty, or nothing but damage
        guessed = replace(guessed, sheet=_sheet(root / first) if look.format == "xlsx" else None)
        sample, beside = _sample(guessed, first, looks[first], unused)
        columns, why = _columns(look.format, sample)
        if "question" in columns:
            break
    if not sample:
        if look.format == "xlsx" and not beside:
            raise UserError("has no rows", root / first, "leave it out, or fetch it again")
        if unused and unused.most_common(1)[0][0] == Unused.encoding and look.text:
            do = "convert it to UTF-8, as `iconv -f ITS-ENCODING -t utf-8` does"
            raise UserError("its text is neither UTF-8 nor CP949", root / first, do)
        if beside and not unused:
            raise UserError("has the names of columns and no record", root / first, "leave it out, or fetch it again")
        why_not = "".join(f", and its first records are {reason}" for reason, _ in unused.most_common(1))
        do = f"it was taken for {look.format}, {encoding}{why_not}: write the entry by hand"
        raise UserError("no record can be read", root / first, do)
    questions = list(itertools.chain.from_iterable(sample[name] for name in columns.get("question", [])))
    html = look.format in HTML or holds_html(questions)
    share = hangul_share(questions)
    reasons += [f"sheet: {guessed.sheet} (the first of several columns)"] if guessed.sheet else []
    reasons += _other_sheets(root / first, guessed.sheet) if look.format == "xlsx" else []
    reasons += why
    reasons += _of_head(beside, sample)
    reasons += _other_columns(guessed, looks, columns)
    reasons.append(f"html {str(html).lower()}: {'more' if html else 'fewer'} than one in twenty of its texts have tags or entities")
    reasons.append(f"language: {share:.0%} of the questions' letters are Hangul")
    reasons += [f"left out: {name}: {why}" for name, why in list(left_out.items())[:5]]
    return replace(guessed, columns=columns, html=html, found=list(sample), language_share=share)


def _columns(format: str, sample: dict[str, list[Any]]) -> tuple[dict[str, list[str]], list[str]]:
    """Our columns to the dump's, and why."""
    if format not in KNOWN:
        return roles(sample)

    def there(known: list[str]) -> list[str]:
        """Those that occur; Markdown where there is no HTML."""
        return [one for name in known for one in [name if name in sample else name.replace("cooked", "raw")] if one in sample]

    columns = {role: names for role, known in KNOWN[format].items() if (names := there(known))}
    return columns, [f"{role}: {', '.join(names)} (the format says so)" for role, names in columns.items()]


def gathered(paths: list[Path]) -> tuple[Path, list[str]]:
    """The folder that holds all of these, and the paths of their files below it; hidden files are passed over.

    Raises:
        UserError: one is missing, or there is no file.
    """
    found = list[Path]()
    for path in paths:
        if path.is_dir():
            for folder, folders, files in os.walk(str(path.resolve())):
                folders[:] = [name for name in folders if not name.startswith(".")]
                inside = (Path(folder, name) for name in files if not name.startswith("."))
                found += [one for one in inside if one.is_file()]
        elif path.is_file():
            found.append(path.parent.resolve() / path.name)
        else:
            raise UserError("no such file or folder", path)
    found = list(dict.fromkeys(found))
    if not found:
        raise UserError("no file in it", paths[0])
    around = [path.resolve() if path.is_dir() else path.parent.resolve() for path in paths]
    root = Path(os.path.commonpath(around))
    return root, ordered(path.relative_to(root).as_posix() for path in found)


def _suffix(name: str) -> str:
    return (
        "".join(Path(name).suffixes[-2:]).lower()
        if Path(name).suffix.lower() in (".gz", ".zst", ".bz2", ".xz")
        else Path(name).suffix.lower()
    )


def _looks(root: Path, names: list[str]) -> tuple[dict[str, Look], dict[str, str]]:
    """Look into the first files of each kind."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(_suffix(name), []).append(name)
    looks, bad = dict[str, Look](), dict[str, UserError]()
    for _, members in sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))[:20]:
        step = max(1, len(members) // FILES)
        for name in members[::step][:FILES]:
            try:
                looks[name] = looked(root / name)
            except UserError as error:
                bad[name] = error
    if not looks:
        raise next(iter(bad.values()))
    return looks, {name: str(error) for name, error in bad.items()}


def _commonest(looks: dict[str, Look], names: list[str]) -> Look:
    """The format of most files; pages and texts only where they are ten times as many as the others, beside which they lie as notes."""
    formats = {_suffix(name): look.format for name, look in reversed(looks.items())}
    counts = Counter(formats[_suffix(name)] for name in names if _suffix(name) in formats)
    weights = {format: count if format != "folder" else count // 10 for format, count in counts.items()}
    best = max(weights, key=lambda format: (weights[format], format != "folder", format))
    same = [look for look in looks.values() if look.format == best]
    return next((look for look in same if not look.text.isascii()), same[0])


def _sample(guessed: Guess, first: str, look: Look, unused: Counter[str]) -> tuple[dict[str, list[Any]], list[str]]:
    """The values of each column in the first records, and all columns' names as they stand; why others could not be read is counted."""
    names = FIXED.get(guessed.format) or columns_of(guessed.root / first, look)
    if not names:
        return {}, []
    beside = names if guessed.format not in FIXED else []
    names = [name for name in names if name and names.count(name) == 1] or names
    rows, wanted = _rows(guessed, first, names, unused)
    if not rows and guessed.format in ("parquet", "datasets"):  # columns of bytes, as pictures are, reject every record
        names = [name for name in names if _rows(guessed, first, [name], Counter())[0]]
        rows, wanted = _rows(guessed, first, names, unused) if names else (rows, wanted)
    if guessed.format in ("parquet", "datasets"):  # lists and objects may stand in their columns
        nested = dict.fromkeys(path for row in rows for path in paths_of(dict(zip(wanted.names, row, strict=True)), "", 0))
        if nested.keys() - set(names):
            rows, wanted = _rows(guessed, first, one_list(list(nested)), unused)
    sample = {name: [row[place] for row in rows] for place, name in enumerate(wanted.names)}
    # in formats with columns of their own only those that occur are named
    return {name: values for name, values in sample.items() if rows and (guessed.format not in FIXED or name not in wanted.unseen)}, beside


def _of_head(names: list[str], sample: dict[str, list[Any]]) -> list[str]:
    """What is to be said of a table's names: those that stand there twice, and a first line that looks like a record."""
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    said = [f"{', '.join(twice)} {TWICE}"] if twice else []
    if any(_is_value(name, sample.get(name, [])) for name in names):
        said.append("but its first line looks like a record, and is lost as the names of columns: write names above it")
    return said


def _is_value(name: str, values: list[Any]) -> bool:
    """Whether a column's name is rather one of its values: a number above numbers, a sentence above sentences as long."""
    there = [value for value in values if value not in (None, "")]
    if not there or named(name):
        return False
    if NUMBER.fullmatch(name):
        return all(NUMBER.fullmatch(str(value)) for value in there)
    lengths = sorted(len(str(value)) for value in there)
    return len(name) >= SENTENCE and lengths[len(lengths) // 10] <= len(name) <= lengths[-1 - len(lengths) // 10] and " " in name


def _other_columns(guessed: Guess, looks: dict[str, Look], columns: dict[str, list[str]]) -> list[str]:
    """The tables among the files that were looked into which lack a column, by which the whole source would be refused."""
    wanted = set(itertools.chain.from_iterable(columns.values()))
    tables = [name for name in guessed.files if name in looks and guessed.format in ("csv", "tsv", "xlsx") and wanted]
    strange = []
    for name in tables:
        names = columns_of(guessed.root / name, looks[name])
        if names and not wanted <= set(names):
            strange.append(name)
    return [f"but {', '.join(strange)} has other columns: make a source of each kind, as `koreason init` does"] if strange else []


def _one_kind(path: Path) -> None:
    """Refuse a zip that holds pictures or notes beside a dump.

    Raises:
        UserError: it holds several kinds of files, which would all be read alike.
    """
    kinds = Counter(_suffix(name) or "without a suffix" for name, _ in unpacked(path, path.name))
    if len(kinds) > 1 and not all(kind in DOCUMENTS for kind in kinds):
        said = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
        raise UserError(f"holds several kinds of files ({said}), which would all be read alike", path, "unpack it, and give those of one")


def _other_sheets(path: Path, taken: str | None) -> list[str]:
    """The sheets of a workbook that an entry does not read although they hold tables."""
    with Workbook(path, None) as book:
        names = list(book.sheets)
    others = [name for name in names if name != (taken or names[0]) and _holds_table(path, name)]
    return [f"not read: sheet {', '.join(others[:20])}: an entry reads one, give each its own with `sheet`"] if others else []


def _rows(guessed: Guess, first: str, names: list[str], unused: Counter[str]) -> tuple[list[tuple[Any, ...]], Wanted]:
    """The values of the first records, and which columns were read."""
    source = guessed.source({"question": names})
    wanted = Wanted(source)
    return list(itertools.islice(_values(source, guessed, first, wanted, unused), RECORDS)), wanted


def _values(source: Source, guessed: Guess, first: str, wanted: Wanted, unused: Counter[str]) -> Iterator[tuple[Any, ...]]:
    several = guessed.format in (*FIXED, "json")  # of which a file may hold one record
    names = [first, *(name for name in guessed.files if name != first)][: 4 * FILES] if several else [first]
    for name in names:
        for stream in _streams(source, guessed.root / name, name):
            for record in itertools.islice(READERS[source.format](stream, source, wanted), 50 * RECORDS):
                if record.values is not None:
                    yield record.values
                elif record.reason:
                    unused[record.reason] += 1


def _streams(source: Source, path: Path, name: str) -> Iterator[Stream]:
    if source.format == "datasets":
        yield Stream(source.hub or "", path, iter(()))
    else:
        yield from opened(path, name, source.max_bytes, whole=source.format in WHOLE)


def columns_of(path: Path, look: Look) -> list[str]:
    """The names of a file's columns; paths into nested JSON."""
    if look.format in ("csv", "tsv"):
        rows = list(rows_of(look.text, look.separator or ","))
        return [name.strip() for name in rows[head_of(rows)]] if rows else []
    if look.format in ("jsonl", "json"):
        return json_columns(look.text, look.format, path)
    if look.format == "stackexchange":
        return list(dict.fromkeys(re.findall(r"\s([A-Za-z]\w{0,40})=\"", " ".join(re.findall(r"<row\s[^>]*>", look.text[:HEAD_BYTES])))))
    if look.format == "xlsx":
        rows = _sheet_rows(path, _sheet(path))
        return [name.strip() for name in rows[head_of(rows)]] if rows else []
    return _arrow_columns(path, look)


def _sheet(path: Path) -> str | None:
    """The first sheet with rows of several fields; None for the first of all, as where there is none."""
    with Workbook(path, None) as book:
        names = list(book.sheets)
    found = next((name for name in names if _holds_table(path, name)), names[0])
    return None if found == names[0] else found


def _holds_table(path: Path, name: str) -> bool:
    return sum(len(row) > 1 for row in _sheet_rows(path, name)) > 1


def _sheet_rows(path: Path, name: str | None) -> list[list[str]]:
    """The values of a sheet's first rows."""
    with Workbook(path, None) as book:
        rows = (row.values for row in Sheet(book, book.part(name)).rows() if row.values)
        return [[str(value) for value in row.values()] for row in itertools.islice(rows, 3 * TITLES)]


def _arrow_columns(path: Path, look: Look) -> list[str]:
    import pyarrow
    import pyarrow.parquet

    if look.format == "parquet":
        try:
            return list(pyarrow.parquet.read_schema(path).names)
        except (pyarrow.ArrowException, OSError) as error:
            raise UserError(f"not a readable Parquet file ({error})", path) from None
    info = path.parent / "dataset_info.json"
    try:
        return list(json.loads(info.read_text(encoding="utf-8")).get("features") or {})
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(f"cannot be read ({error})", info, "give the folder of one split") from None
