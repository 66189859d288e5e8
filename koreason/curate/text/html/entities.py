"""Character references, read as a browser reads them where that cannot be an address or a formula.

decode("a &lt; b &#150; c")    # "a < b – c"
"""

import html
import html.entities
import re

# Without its semicolon a name counts only where nothing follows that could belong to it (`?a=1&lt=2` is an address), and `&ltB`.
ENTITY = re.compile(
    r"&(?:#[0-9]{1,7}(?![0-9]);?|#[xX][0-9a-fA-F]{1,6}(?![0-9a-fA-F]);?"
    r"|[A-Za-z][A-Za-z0-9]{1,31};|(?:lt|gt|amp|quot|nbsp)(?![A-Za-z0-9;=])"
    r"|(?:lt|gt)(?=[A-Z])(?![A-Za-z0-9_]*[;=])|copy(?= ?[12][0-9]{3}\b))"
)
EVIDENCE = r"&(?:#[0-9xX]|[A-Za-z][A-Za-z0-9]{1,31};|(?:lt|gt|amp|quot|nbsp)\b)"


def decode(text: str) -> str:
    """The text with its references as characters, once; what is none is left alone, and so is one that no text can hold."""
    return ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    found = match[0]
    if found[1] != "#":
        name = found[1:]
        return html.entities.html5.get(name if name.endswith(";") else name + ";", found)
    digits = found[2:].rstrip(";")
    code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    storable = 0 < code < 0xD800 or 0xDFFF < code < 0x110000
    return html.unescape(f"&#{code};") or found if storable else found  # 128 to 159 mean windows-1252
