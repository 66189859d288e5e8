"""Licences that are understood, what they ask of whoever passes something on, and what they forbid, each by its clause.

    TERMS["Llama-3.1"].begins.says              # "Llama"
    duties = of_model("lab/Llama-ko", "llama3.1", {"the base": "Llama-3.1"}, {"the teacher": "Apache-2.0"})

A licence that does not stand here is refused: whoever has read it adds a row. What is said is what the texts say; it is no legal advice.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from koreason.errors import UserError


@dataclass(frozen=True)
class Clause:
    """A clause: where it stands, what it asks, and the name, licence or kind of model that it asks for."""

    where: str
    asks: str
    says: str = ""


@dataclass(frozen=True)
class Terms:
    """What a licence asks.

    Attributes:
        hub: its name on the hub.
        link: its text.
        duties: of whoever passes on the work, or what was made of it.
        keeps: what is made of it stays under it.
        research: it, and what is made of it, may not be used commercially.
        begins: a model's name has to begin so.
        outputs_too: what keeps and begins holds of a model that was trained on outputs, too.
        only_own: outputs may improve no other models than its own.
        notice: text of the file NOTICE that goes with it.
    """

    hub: str
    link: str
    duties: tuple[str, ...] = ()
    keeps: Clause | None = None
    research: Clause | None = None
    begins: Clause | None = None
    outputs_too: bool = False
    only_own: Clause | None = None
    notice: str = ""


NC = Clause("section 2(a)(1)", "allows no commercial use")
SA = Clause("section 3(b)(1)", "wants adapted material under the same licence")
CREDIT = "name the authors, link to the licence, and say what was changed (section 3(a)(1))"
META = "go with a copy of the agreement and display “Built with {}” (1.b.i); keep to its acceptable use policy (1.b.iv)"
RIGHTS = "Copyright © Meta Platforms, Inc. All Rights Reserved."
LLAMA = "https://github.com/meta-llama/llama-models/blob/main/models/{}/LICENSE"


def _llama(version: str, folder: str) -> Terms:
    """Llama 3.1 and later: outputs may train other models, whose names begin with Llama then."""
    return Terms(
        f"llama{version}",
        LLAMA.format(folder),
        (META.format("Llama"),),
        keeps=Clause("1.b.i", "wants a copy of the agreement to go with what is made of it", f"Llama-{version}"),
        begins=Clause("1.b.i", "wants the name of a model that was made by it, or trained on its outputs, to begin with Llama", "Llama"),
        outputs_too=True,
        notice=f"Llama {version} is licensed under the Llama {version} Community License, {RIGHTS}",
    )


def _creative(name: str, hub: str, keeps: Clause | None = None, research: Clause | None = None) -> Terms:
    return Terms(hub, f"https://creativecommons.org/licenses/{name}/4.0/", (CREDIT,), keeps=keeps, research=research)


TERMS = {
    "Apache-2.0": Terms(
        "apache-2.0",
        "https://www.apache.org/licenses/LICENSE-2.0",
        (
            "go with a copy of the licence (4(a)); say that files were changed (4(b));"
            " keep notices, and NOTICE where there is one (4(c), 4(d))",
        ),
    ),
    "MIT": Terms("mit", "https://opensource.org/license/mit", ("keep the copyright and permission notice",)),
    "BSD-3-Clause": Terms("bsd-3-clause", "https://opensource.org/license/bsd-3-clause", ("keep the copyright notice and the disclaimer",)),
    "CC0-1.0": Terms("cc0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "CC-BY-4.0": _creative("by", "cc-by-4.0"),
    "CC-BY-SA-4.0": _creative("by-sa", "cc-by-sa-4.0", keeps=SA),
    "CC-BY-NC-4.0": _creative("by-nc", "cc-by-nc-4.0", research=NC),
    "CC-BY-NC-SA-4.0": _creative("by-nc-sa", "cc-by-nc-sa-4.0", keeps=SA, research=NC),
    "Gemma": Terms(
        "gemma",
        "https://ai.google.dev/gemma/terms",
        ("pass on a copy of the terms and their use restrictions, and say that files were modified (3.1)",),
        keeps=Clause(
            "3.1, with 1.1(e)", "wants its restrictions passed on with every model that is made of it, or learnt from its outputs"
        ),
        outputs_too=True,
        notice="Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms",
    ),
    "Llama-3": Terms(
        "llama3",
        "https://github.com/meta-llama/llama3/blob/main/LICENSE",
        (META.format("Meta Llama 3"),),
        keeps=Clause("1.b.i", "wants a copy of the agreement to go with what is made of it"),
        begins=Clause("1.b.i", "wants the name of a model that was made by it to begin with Llama 3", "Llama 3"),
        only_own=Clause("1.b.v", "forbids to improve any other language model than Llama 3 by its outputs"),
        notice=f"Meta Llama 3 is licensed under the Meta Llama 3 Community License, {RIGHTS}",
    ),
    "Llama-3.1": _llama("3.1", "llama3_1"),
    "Llama-3.2": _llama("3.2", "llama3_2"),
    "Llama-3.3": _llama("3.3", "llama3_3"),
}
BY_HUB = {terms.hub: name for name, terms in TERMS.items()}
_KNOWN = {name.lower(): terms for name, terms in TERMS.items()} | {terms.hub: terms for terms in TERMS.values()}


def terms_of(who: str, licence: str) -> Terms:
    """What a licence asks, whose name may also be written as the hub does.

    Raises:
        UserError: it is not stated, or does not stand in the table.
    """
    if not (found := _KNOWN.get(str(licence or "").lower())):
        what = f"its licence {licence!r} is not one that koreason understands" if licence else "its licence is not stated"
        raise UserError(what, who, f"write its name as one of {', '.join(TERMS)}, or add what it asks to koreason/publish/licences.py")
    return found


def of_model(name: str, licence: str, bases: dict[str, str], teachers: dict[str, str]) -> list[str]:
    """Duties of whoever publishes a model; the licence is one of the hub's names.

    Args:
        name: as the model is to be called, without its owner.
        bases, teachers: who, in words, to a licence.

    Raises:
        UserError: a licence forbids it, by its clause.
    """
    duties = []
    mine = {who: terms_of(who, one) for who, one in {**bases, **teachers}.items()}
    will = _meeting(terms for who, terms in mine.items() if who in bases or terms.outputs_too or terms.research)
    for who, one in {**bases, **teachers}.items():
        terms, taught = mine[who], who in teachers
        if taught and terms.only_own and any(mine[base] != terms for base in bases):
            raise _refused(who, one, terms.only_own, "train on another teacher's traces")
        inherits = not taught or terms.outputs_too
        if inherits and terms.begins and not _bare(name).startswith(_bare(terms.begins.says)):
            raise _refused(who, one, terms.begins, f"call it {terms.begins.says.replace(' ', '-')}-{name}")
        if inherits and terms.keeps and licence != terms.hub:
            raise _refused(who, one, terms.keeps, will)
        if terms.research and not _research(licence):
            raise _refused(who, one, terms.research, will)
        duties += [f"{who} ({one}): {duty}" for duty in terms.duties]
    return list(dict.fromkeys(duties))


def of_data(licence: str, teachers: dict[str, str]) -> list[str]:
    """Duties of whoever publishes a data set that teachers wrote, and of whoever trains on it.

    Raises:
        UserError: a licence forbids it, by its clause.
    """
    duties = []
    for who, one in teachers.items():
        terms = terms_of(who, one)
        if terms.research and licence != "other" and not _research(licence):
            raise _refused(who, one, terms.research, "publish it under a licence that allows none either, such as cc-by-nc-4.0")
        clauses = [terms.only_own, terms.begins if terms.outputs_too else None, terms.keeps if terms.outputs_too else None, terms.research]
        duties += [f"{who} ({one}) {clause.asks} ({clause.where})" for clause in clauses if clause]
    return duties


def _meeting(every: Iterable[Terms]) -> str:
    """What to do: a licence that keeps to all of these, of those that are understood."""
    each = list(every)
    keep = {terms.hub for terms in each if terms.keeps}
    meets = [hub for hub in keep or BY_HUB if keep <= {hub} and (_research(hub) or not any(terms.research for terms in each))]
    if meets:
        return f"publish it with --licence {meets[0]}"
    return f"none that is understood meets {' and '.join(sorted({terms.hub for terms in each}))}: take another base or teacher"


def _research(licence: str) -> bool:
    return licence in BY_HUB and TERMS[BY_HUB[licence]].research is not None


def _bare(name: str) -> str:
    return name.lower().replace(" ", "-")


def _refused(who: str, licence: str, clause: Clause, do: str) -> UserError:
    return UserError(f"{licence}, {clause.where}, {clause.asks}", who, do)
