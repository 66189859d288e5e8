"""Reader of Stack Exchange dumps.

for record in read_stackexchange(stream, source, wanted): ...
"""

import itertools
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

from koreason.curate.reading import records
from koreason.curate.reading.records import Record
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source

QUESTION_TYPE = "1"  # PostTypeId of a question
NEXT = re.compile(rb"<row(?=[\s/>])|<!--")
ROW = re.compile(rb"""<row(?=[\s/>])(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>""")
MARKUP = re.compile(rb"(?:\s++|<\?[^<>]*>|</row\s*>|</[A-Za-z][\w.:-]*\s*>)*+")
# What stands before the first row: an opening tag, a document type, neither of which is ever parsed.
HEAD = re.compile(rb"(?:\s++|<\?[^<>]*>|<!DOCTYPE[^\[>]*(?:\[[^\]]*\])?\s*>)*+(?:<[A-Za-z][^<>]*>)?\s*+")
CLOSING = re.compile(rb"</[A-Za-z][\w.:-]*\s*>\s*\Z")
LONGEST_TOKEN = 8  # bytes that may be the beginning of one that the chunk's end has cut in two
COMMENT, COMMENT_END = b"<!--", b"-->"


def read_stackexchange(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """`Posts.xml`: one `<row …/>` a post, of which the questions are read.

    Each row is parsed on its own: a damaged one costs nothing but itself, memory does not grow with the file, and no entity can be
    defined, because what stands before the first row is never parsed. What stands between rows and is no markup is a record that is
    rejected; so, with no bytes, is the want of the document's closing tag, by which a file that was cut between two rows is known.
    """
    number, head = 0, True
    last: bytes | None = b""  # of the document; None where it is not held
    for first, piece, length in pieces(stream):
        if piece is not None and piece.startswith(COMMENT) and piece.endswith(COMMENT_END):
            stream.between += length
            continue
        if piece is None:
            number, head, last = number + 1, False, None
            yield Record(number, None, first, length, "", Unused.oversized)
            continue
        last = piece[-64:]
        if not NEXT.match(piece) or piece.startswith(COMMENT):
            row, rest = 0, piece
        else:
            number, head = number + 1, False
            record, row = _post(number, first, piece, source.encoding, wanted)
            yield record
            rest = piece[row:]
        sound = (HEAD if head else MARKUP).match(rest)
        blank = len(rest) if sound and sound.end() == len(rest) else 0
        stream.between += blank
        if rest and not blank:
            number += 1
            yield Record(number, None, first + row, len(rest), rest, Unused.not_xml)
    if number and last is not None and not CLOSING.search(last):
        yield Record(number + 1, None, stream.bytes, 0, "the document's closing tag is missing", Unused.not_xml)


def _post(number: int, first: int, piece: bytes, encoding: str, wanted: Wanted) -> tuple[Record, int]:
    """The record at the beginning of a piece, and how many bytes are its."""
    found = ROW.match(piece)
    data = found[0] if found else piece.rstrip()
    length = len(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return Record(number, None, first, length, data, Unused.encoding), length
    try:
        fields = ElementTree.fromstring(text if text.endswith("/>") else text + "</row>").attrib
    except ElementTree.ParseError:
        return Record(number, None, first, length, data, Unused.not_xml), length
    if fields.get("PostTypeId", QUESTION_TYPE) != QUESTION_TYPE:
        return Record(number, None, first, length, data, Unused.not_a_question, skipped=True), length
    return Record(number, wanted.pick(fields), first, length, data), length


def pieces(stream: Stream) -> Iterator[tuple[int, bytes | None, int]]:
    """Where each piece begins, its bytes or None where they are too many, and how many they are.

    A piece is a comment, or goes from the beginning of a row or the end of a comment to the beginning of the next row or comment. A
    comment that does not end within what a record may have is none: rows behind its beginning are found all the same.
    """
    data, base, closed = b"", 0, 0  # `closed`: up to where no comment is known to end
    begin, scan, lost = 0, 0, 0
    for chunk in itertools.chain(stream.chunks(), [b""]):  # the last one is empty and no other is
        base = base or stream.start
        if len(data) - begin > records.MAX_RECORD_BYTES:
            # the piece is too long: only what may be a token's beginning is needed
            kept = max(begin, len(data) - LONGEST_TOKEN)
            lost += kept - begin
            begin = kept
        data, base, scan = data[begin:] + chunk, base + begin, max(0, scan - begin)
        begin = 0
        while True:
            if not lost and data.startswith(COMMENT, begin) and closed <= base + begin:
                end = data.find(COMMENT_END, max(begin + len(COMMENT), scan))
                if end < 0 and chunk and len(data) - begin <= records.MAX_RECORD_BYTES:
                    scan = max(begin, len(data) - len(COMMENT_END))
                    break
                if end < 0:
                    closed, scan = base + len(data), begin
                else:
                    stop = end + len(COMMENT_END)
                    yield base + begin, data[begin:stop], stop - begin
                    begin = scan = stop
                    continue
            match = NEXT.search(data, max(scan, begin + (1 if NEXT.match(data, begin) and not lost else 0)))
            if not match:
                scan = max(begin, len(data) - LONGEST_TOKEN)
                break
            if match.start() > begin or lost:
                yield from _piece(data, base, begin, match.start(), lost)
            begin, lost = match.start(), 0
            scan = begin
    if data[begin:] or lost:
        yield from _piece(data, base, begin, len(data), lost)


def _piece(data: bytes, base: int, begin: int, end: int, lost: int) -> Iterator[tuple[int, bytes | None, int]]:
    length = lost + end - begin
    fits = not lost and length <= records.MAX_RECORD_BYTES
    yield base + begin - lost, data[begin:end] if fits else None, length
