"""Values that a JSON schema does not accept, in the words of the configuration.

wrongs(config, schema)      # ["schedules.mine: lacks the keys 'lr', 'seed'", …]
"""

import difflib
from collections.abc import Iterator
from typing import Any

from koreason.errors import UserError

MOST = 200  # lines of one message: more are of a file that is none of ours
KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a table",
    "array": "a list",
}
WORDS = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than", "exclusiveMaximum": "less than"}


class ConfigError(UserError):
    """The configuration is wrong.

    Attributes:
        lines: of each thing that is wrong one, which names the key and what would be accepted.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines) if len(lines) < 2 else f"{lines[0]} (and {len(lines) - 1} more)")
        more = [f"… and {len(lines) - MOST} more"] if len(lines) > MOST else []
        self.lines = [str(UserError(line)) for line in lines[:MOST]] + more


def check_structure(config: dict[str, Any], schema: dict[str, Any]) -> None:
    """Refuse values that a JSON schema does not accept.

    Raises:
        ConfigError: with a line for each.
    """
    if found := wrongs(config, schema):
        raise ConfigError(found)


def wrongs(config: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """What of some values a JSON schema does not accept: a line for each value, and one for all that a table lacks."""
    import jsonschema  # Snakemake's own dependency; not needed to merely import this module

    draft = jsonschema.Draft202012Validator
    # 3.0 is no number of steps
    types = draft.TYPE_CHECKER.redefine("integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool))
    errors = list(jsonschema.validators.extend(draft, type_checker=types)(schema).iter_errors(config))
    lacking, lines = dict[str, list[str]](), dict[str, list[str]]()
    for error in map(_innermost, errors):
        where = ".".join(map(str, error.absolute_path)) or "configuration"
        if error.validator == "required":
            lacking[where] = [key for key in error.validator_value if key not in error.instance]
        else:
            lines.setdefault(where, []).extend(_told(error))
    for where, keys in lacking.items():
        # a misspelt key is also a lacking one: the one that is there is named
        left = [key for key in keys if not any(f"did you mean '{key}'" in line for line in lines.get(where, ()))]
        if left:
            lines.setdefault(where, []).append(f"lacks the key{'s' if len(left) > 1 else ''} {', '.join(map(repr, left))}")
    return [f"{where}: {line}" for where, some in sorted(lines.items()) for line in some]


def _innermost(error: Any) -> Any:
    """Of a value that may also be null, what is wrong with it is what it is not as a value."""
    while error.validator == "anyOf":
        error = next((inner for inner in error.context if inner.validator != "type" or inner.validator_value != "null"), error.context[0])
    return error


def _told(error: Any) -> Iterator[str]:
    value, schema = error.instance, error.schema
    if error.validator == "additionalProperties":
        known = schema["properties"]
        yield from (f"unknown key '{key}'; {accepted(key, known)}" for key in value if key not in known)
    elif error.validator in WORDS:
        limits = " and ".join(f"{said} {schema[word]:g}" for word, said in WORDS.items() if word in schema)
        percent = f"; {value} percent are {value / 100:g}" if schema.get("maximum") == 1 and 1 < value <= 100 else ""
        yield f"{value!r} is not accepted; accepted: {limits}{percent}"
    elif error.validator == "enum":
        yield f"{value!r} is not accepted; {accepted(value, error.validator_value)}"
    elif error.validator == "type":
        given = "is empty" if value is None else f"{value!r} is not accepted"
        digest = "; `sha256sum FILE` prints a file's SHA-256" if value is None and "files" in list(error.absolute_path)[-2:-1] else ""
        yield f"{given}; accepted: {KINDS.get(error.validator_value, error.validator_value)}{digest}"
    else:
        yield error.message


def accepted(name: Any, choices: Any) -> str:
    """What would be accepted in place of a name: the closest one, or all of them."""
    names = sorted(map(str, choices))
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"accepted: {', '.join(names)}"
