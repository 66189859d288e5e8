"""Rows of a stranger's CSV file with a header, all fields as text, an empty one and `\\N` as missing.

    with open(path, "rb") as file:
        for number, record in rows(file, path): ...        # the line it ends on, and its fields by name

What cannot be told is refused with its line: a quote that is never closed would swallow all rows behind it.
"""

import csv
import io
from collections.abc import Iterator
from typing import IO, Any

from koreason.errors import UserError

LONGEST = 64 << 20  # characters of a field
NULL = "\\N"  # a field without a value, as MySQL and PostgreSQL write it


def rows(file: IO[bytes], where: object) -> Iterator[tuple[int, dict[str, Any]]]:
    """Records in their order, each with the number of the line that it ends on.

    Raises:
        UserError: it is no CSV in UTF-8, names a column twice, or a row has more or fewer fields than the header.
    """
    csv.field_size_limit(LONGEST)
    found = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), strict=True)
    try:
        names = list(found.fieldnames or [])
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise UserError(f"has the column {twice[:40]!r} twice", where, "rename one of them")
        for record in found:
            if None in record or None in record.values():
                raise UserError("has another number of fields than the header", f"{where}:{found.line_num}", "mend the line")
            yield found.line_num, {name: None if value in ("", NULL) else value for name, value in record.items()}
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"not readable as CSV ({error})", f"{where}:{found.line_num + 1}", "save it as UTF-8, fields quoted") from None
