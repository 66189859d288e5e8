"""What must not leave a machine with an archive: keys and passwords, user names, and paths of the host.

    places = own_places(run)
    text = without(text, places)                   # the run's own folder, home, environments … by name: $RUN, $HOME
    next(findings(text, EVERYTHING))               # Finding(line=3, kind="hugging-face-token", shown="hf_AbC…")

What is understood to be harmless is listed, paths of the system itself; any other absolute path is told of. All patterns are linear.
"""

import functools
import os
import pwd
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from koreason.home import HOME, ORIGIN, environments

# Kind to how it looks; most are their makers' own statements of what their keys look like.
TOKENS = {
    "hugging-face-token": r"\bhf_[A-Za-z0-9]{20,}",
    "github-token": r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})",
    "gitlab-token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "api-key": r"\bsk-[A-Za-z0-9_-]{20,}",
    "aws-key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "google-key": r"\bAIza[0-9A-Za-z_-]{35}",
    "slack-token": r"\bxox[abeoprs]-[0-9A-Za-z-]{10,}",
    "package-index-token": r"\bpypi-[A-Za-z0-9_-]{40,}",
    "web-token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "private-key": r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----",
    "password-in-address": r"\b[a-z][a-z0-9+.-]{1,20}://[^/\s:@]{1,100}:[^/\s@]{1,100}@",
    "password-of-netrc": r"\blogin[ \t]+\S{1,100}[ \t]+password[ \t]+\S{1,100}",
    "bearer": r"\b[Bb]earer[ \t]+[A-Za-z0-9._~+/-]{20,}",
    # a variable's assignment, as a printed environment has it
    "secret-variable": r"\b[A-Z][A-Z0-9_]{0,60}?(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY)[\"']?"
    r"[ \t]{0,3}[=:][ \t]{0,3}[\"']?[^\s\"'$,}]{8,}",
}
# Absolute paths that say nothing of whose machine it is.
SYSTEM = ("usr", "bin", "sbin", "lib", "lib64", "etc", "dev", "proc", "sys", "opt", "var", "run")
PATHS = {"host-path": rf"(?<![\w.$}}~/:<#*%^\\)\]-])/(?!(?:{'|'.join(SYSTEM)})/)[A-Za-z_][\w.+-]*(?:/[\w.+@=-]+)+"}
EVERYTHING = TOKENS | PATHS
# Of each kind words one of which stands in whatever its pattern matches: a text is searched where they are, which most are not.
NEEDLES = {
    "hugging-face-token": ("hf_",),
    "github-token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "gitlab-token": ("glpat-",),
    "api-key": ("sk-",),
    "aws-key": ("AKIA", "ASIA"),
    "google-key": ("AIza",),
    "slack-token": tuple(f"xox{letter}-" for letter in "abeoprs"),
    "package-index-token": ("pypi-",),
    "web-token": ("eyJ",),
    "private-key": ("PRIVATE KEY-----",),
    "password-in-address": ("://",),
    "password-of-netrc": ("password",),
    "bearer": ("earer",),
    "secret-variable": ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY"),
    "host-path": ("/",),
}
# Names of accounts that everybody has: as words they mean nothing.
NOBODY = ("root", "user", "users", "nobody", "admin", "ubuntu", "debian", "test", "data", "home", "work", "snakemake", "slurm")
SHOWN = 6  # characters of a secret that a message shows


@dataclass(frozen=True)
class Finding:
    """Something that should not be passed on: where, of what kind, and its beginning."""

    line: int
    kind: str
    shown: str


Places = list[tuple[re.Pattern[str], str]]


def own_places(run: Path) -> Places:
    """What of this machine and its user is known by a name, as patterns, longest first."""
    places = {run: "$RUN", HOME: "$KOREASON_HOME", ORIGIN: "$KOREASON_HOME", environments(): "$KOREASON_ENVS"}
    if environments().is_dir():  # one that is shared may be a link to elsewhere
        places |= {path.resolve(): f"$KOREASON_ENVS/{path.name}" for path in environments().iterdir() if path.is_symlink()}
    places |= {Path(sys.base_prefix): "$PYTHON", Path.home(): "$HOME", Path("/tmp"): "$TMPDIR"}
    places |= {Path(os.environ[name]): f"${name}" for name in ("KOREASON_DATA", "TMPDIR", "SCRATCH") if os.environ.get(name)}
    known = {str(form): name for path, name in places.items() for form in (path.absolute(), path.resolve()) if len(form.parts) > 1}
    found = [
        (rf"(?<![\w.$}}~-]){re.escape(path)}(?![\w-]|\.\w)", name) for path, name in sorted(known.items(), key=lambda one: -len(one[0]))
    ]
    found += [(rf"(?<![\w.]){re.escape(name)}(?!\w)", "$USER") for name in sorted(users(run))]
    return [(re.compile(pattern), name) for pattern, name in found]


def users(run: Path) -> set[str]:
    """Names of who ran it, and of who archives it."""
    found = {os.environ.get(name, "") for name in ("USER", "LOGNAME", "SUDO_USER")}
    for number in (run.stat().st_uid, os.getuid()):
        try:
            found.add(pwd.getpwuid(number).pw_name)
        except KeyError:
            continue  # a number without a name
    return {name for name in found if len(name) > 2 and name not in NOBODY}


def without(text: str, places: Places) -> str:
    """A text with known places and names by their variables."""
    for pattern, name in places:
        text = pattern.sub(name, text)  # a name holds no backslash, so it stands for itself
    return text


def findings(text: str, kinds: dict[str, str]) -> Iterator[Finding]:
    """What of some kinds stands in a text, in its order; only lines with a word of `NEEDLES` are searched: none goes over a line."""
    there = {kind: words for kind in kinds if (words := [word for word in NEEDLES[kind] if word in text])}
    if not there:
        return
    pattern = _together(tuple((kind, kinds[kind]) for kind in there))
    line, counted = 1, 0
    for start, end in _lines_with([word for words in there.values() for word in words], text):
        for match in pattern.finditer(text, start, end):
            kind = (match.lastgroup or "").replace("_", "-")
            line, counted = line + text.count("\n", counted, start), start
            yield Finding(line, kind, match[0] if kind in PATHS else match[0][:SHOWN] + "…")


def suspected(texts: pl.Series, kinds: dict[str, str]) -> list[int]:
    """Places of texts in which a word of some kinds stands: all that have to be searched, known ten times as fast."""
    words = [word for kind in kinds for word in NEEDLES[kind]]
    found: list[int] = texts.str.contains_any(words).arg_true().to_list()
    return found


def _lines_with(words: list[str], text: str) -> list[tuple[int, int]]:
    """Where the lines begin and end in which one of some words stands, each once, in their order."""
    found = {}
    for word in words:
        at = text.find(word)
        while at >= 0:
            start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
            end = end if end >= 0 else len(text)
            found[start] = end
            at = text.find(word, end)
    return sorted(found.items())


def redacted(text: str, kinds: dict[str, str]) -> str:
    """A text with each finding's kind in its place."""
    return _together(tuple(kinds.items())).sub(lambda match: f"[removed: {(match.lastgroup or '').replace('_', '-')}]", text)


@functools.cache
def _together(kinds: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{name.replace('-', '_')}>{pattern})" for name, pattern in kinds))
