r"""MathML as TeX, for the elements that pages use; what is not known gives what it holds.

    formula = tex(text, tags, first, last)

Built from the leaves, each part joined once, and flat below `DEEPEST`, so that time is linear in the input.
"""

import re

from koreason.curate.text.html.entities import decode
from koreason.curate.text.html.tags import MATHML, Tag, attributes_of, words

DEEPEST = 60
FUNCTIONS = words("sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan log ln lg exp lim max min sup inf det gcd deg dim ker arg")
SIGNS = {
    "−": "-", "×": r"\times", "÷": r"\div", "±": r"\pm", "∓": r"\mp", "⋅": r"\cdot", "·": r"\cdot", "∗": "*", "∘": r"\circ", "≤": r"\le",
    "≥": r"\ge", "⩽": r"\le", "⩾": r"\ge", "≠": r"\ne", "≈": r"\approx", "≡": r"\equiv", "∼": r"\sim", "≅": r"\cong", "∝": r"\propto",
    "∞": r"\infty", "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∬": r"\iint", "∮": r"\oint", "√": r"\surd", "∂": r"\partial",
    "∇": r"\nabla", "→": r"\to", "←": r"\leftarrow", "⇒": r"\Rightarrow", "⇔": r"\Leftrightarrow", "↔": r"\leftrightarrow",
    "↦": r"\mapsto", "∈": r"\in", "∉": r"\notin", "⊂": r"\subset", "⊆": r"\subseteq", "⊃": r"\supset", "∪": r"\cup", "∩": r"\cap",
    "∅": r"\emptyset", "∀": r"\forall", "∃": r"\exists", "¬": r"\neg", "∧": r"\land", "∨": r"\lor", "⊕": r"\oplus", "⊗": r"\otimes",
    "∠": r"\angle", "△": r"\triangle", "⊥": r"\perp", "∥": r"\parallel", "…": r"\ldots", "⋯": r"\cdots", "⋮": r"\vdots", "⋱": r"\ddots",
    "′": "'", "″": "''", "ℝ": r"\mathbb{R}", "ℕ": r"\mathbb{N}", "ℤ": r"\mathbb{Z}", "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}", "ℓ": r"\ell",
    "ℏ": r"\hbar", "°": r"^\circ", "∴": r"\therefore", "∵": r"\because", "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil",
    "⟨": r"\langle", "⟩": r"\rangle", "∣": "|", "∖": r"\setminus", "{": r"\{", "}": r"\}", "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$",
    "_": r"\_", "\u2061": "", "\u2062": "", "\u2063": "", "\u2064": "", "\u200b": "", "\u00a0": " ",
}  # fmt: skip
GREEK_NAMES = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon varphi chi psi omega"
    " Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega phi epsilon vartheta"
)
GREEK = dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩϕϵϑ", GREEK_NAMES.split(" "), strict=True))
ACCENTS = {"¯": "overline", "‾": "overline", "_": "underline", "^": "hat", "ˆ": "hat", "~": "tilde", "˜": "tilde", "→": "vec", "⃗": "vec",
           "˙": "dot", "¨": "ddot", "⏞": "overbrace", "⏟": "underbrace", "―": "overline", "⏜": "overset{\\frown}"}  # fmt: skip
Part = tuple[str, str]  # TeX, and the element it came from


def tex(text: str, tags: list[Tag], first: int, last: int) -> str:
    """TeX of what stands between two tags."""
    stack: list[tuple[str, str, list[Part]]] = [("mrow", "", [])]
    place, skipped = tags[first].end, 0
    for number in range(first + 1, last):
        tag = tags[number]
        if tag.kind == "span" or tag.name not in MATHML:
            continue
        if not skipped:
            _text(text[place : tag.start], stack[-1])
        place = tag.end
        if tag.kind in ("open", "void") and len(stack) <= DEEPEST:
            skipped += tag.kind == "open" and tag.name.startswith("annotation")
            if tag.kind == "void":
                stack[-1][2].append((_made(tag.name, tag.attributes, []), tag.name))
            else:
                stack.append((tag.name, tag.attributes, []))
        elif tag.kind == "close" and len(stack) > 1 and stack[-1][0] == tag.name:
            name, attributes, parts = stack.pop()
            skipped -= name.startswith("annotation")
            stack[-1][2].append(("" if name.startswith("annotation") else _made(name, attributes, parts), name))
    _text(text[place : tags[last].start], stack[-1])
    while len(stack) > 1:
        name, attributes, parts = stack.pop()
        stack[-1][2].append((_made(name, attributes, parts), name))
    return re.sub(r" {2,}", " ", _joined(stack[0][2])).strip()


def _text(raw: str, frame: tuple[str, str, list[Part]]) -> None:
    word = " ".join(decode(raw).split()) if frame[0] != "mtext" else decode(raw)
    if not word.strip():
        return
    if frame[0] in ("mtext", "ms"):
        word = rf"\text{{{word}}}"
    elif frame[0] in ("mi", "mo") and word in FUNCTIONS:
        word = "\\" + word
    elif frame[0] == "mi" and len(word) > 1 and word.isalpha():
        word = rf"\mathrm{{{word}}}" if word.isascii() else rf"\text{{{word}}}"
    else:
        word = _signs(word)
    frame[2].append((word, "text"))


def _signs(word: str) -> str:
    parts = ["\\" + GREEK[sign] if sign in GREEK else SIGNS.get(sign, sign) for sign in word]
    return _joined([(part, "") for part in parts])


def _joined(parts: list[Part]) -> str:
    """Parts in a row: a blank between a command and a letter behind it."""
    found: list[str] = []
    for part, _ in parts:
        if part and found and part[0].isalpha() and re.search(r"\\[a-zA-Z]+\Z", found[-1][-20:]):
            found.append(" ")
        if part:
            found.append(part)
    return "".join(found)


def _braced(part: str) -> str:
    return f"{{{part}}}"


def _base(part: str) -> str:
    """What a script hangs on: in braces where it is more than one sign."""
    return part if len(part) <= 1 or re.fullmatch(r"\\[a-zA-Z]+|[0-9]+|\\(?:text|mathrm)\{[^{}]*\}", part) else _braced(part)


def _made(name: str, attributes: str, parts: list[Part]) -> str:
    """TeX of an element of its children's."""
    one = [part for part, _ in parts]
    count = len(one)
    if name == "mfrac" and count == 2:
        return (
            rf"\binom{{{one[0]}}}{{{one[1]}}}"
            if re.search(r"linethickness\s*=\s*[\"']?0", attributes)
            else rf"\frac{{{one[0]}}}{{{one[1]}}}"
        )
    if name == "msqrt":
        return rf"\sqrt{_braced(_joined(parts))}"
    if name == "mroot" and count == 2:
        return rf"\sqrt[{one[1]}]{_braced(one[0])}"
    if name == "msup" and count == 2:
        return _base(one[0]) + (one[1] if set(one[1]) == {"'"} else "^" + _braced(one[1].removeprefix("^")))
    if name == "msub" and count == 2:
        return f"{_base(one[0])}_{_braced(one[1])}"
    if name in ("msubsup", "munderover") and count == 3:
        return f"{_base(one[0])}_{_braced(one[1])}^{_braced(one[2])}"
    if name in ("mover", "munder") and count == 2:
        return _accented(name, one)
    if name == "mtr" or name == "mlabeledtr":
        return " & ".join(one)
    if name == "mtable":
        return r"\begin{matrix} " + r" \\ ".join(one) + r" \end{matrix}"
    if name == "mfenced":
        given = attributes_of(attributes)
        return given.get("open", "(") + ", ".join(one) + given.get("close", ")")
    if name == "mmultiscripts" and count == 3:
        return f"{_base(one[0])}_{_braced(one[1])}^{_braced(one[2])}"
    if name == "mspace":
        return " "
    return _joined(parts)


def _accented(name: str, one: list[str]) -> str:
    sign = {r"\to": "→", r"\_": "_"}.get(one[1], one[1])
    if sign in ACCENTS and not (name == "munder" and sign not in ("_", "⏟", "―", "¯", "‾")):
        command = "underline" if name == "munder" and sign != "⏟" else ACCENTS[sign]
        return rf"\{command}{_braced(one[0])}"
    if one[0] in (r"\sum", r"\prod", r"\lim", r"\max", r"\min", r"\int", r"\cup", r"\cap", r"\sup", r"\inf"):
        return f"{one[0]}{'_' if name == 'munder' else '^'}{_braced(one[1])}"
    return rf"\{'under' if name == 'munder' else 'over'}set{_braced(one[1])}{_braced(one[0])}"
