"""Install locks with uv as pip's settings say, of which uv reads none:  python envs/with_uv.py ENVIRONMENT CACHE LOCK...

`envs/create` starts it in the environment `uv`. pip's settings come from `pip config list`, which knows its files and variables.
Settings of uv's own are not read: what pip is told is what counts, whoever installs.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

# pip's setting -> the variables by which uv is told the same, a list as it separates it.
TOLD = {
    "index-url": ["UV_DEFAULT_INDEX"],
    "extra-index-url": ["UV_INDEX"],
    "find-links": ["UV_FIND_LINKS"],
    "trusted-host": ["UV_INSECURE_HOST"],
    "cert": ["SSL_CERT_FILE"],
    "client-cert": ["SSL_CLIENT_CERT"],
    "proxy": ["HTTP_PROXY", "HTTPS_PROXY"],
    "timeout": ["UV_HTTP_TIMEOUT"],
    "default-timeout": ["UV_HTTP_TIMEOUT"],
}
SEPARATED_BY_COMMAS = {"find-links"}
# What changes nothing where each file is pinned by its digest, goes where the command says, and is not compiled.
IDLE = {
    "break-system-packages", "cache-dir", "compile", "config-file", "constraint", "disable-pip-version-check", "log", "no-cache-dir",
    "no-color", "no-compile", "no-deps", "no-index", "no-input", "no-python-version-warning", "no-warn-script-location", "pre",
    "prefer-binary", "progress-bar", "quiet", "require-hashes", "require-virtualenv", "retries", "root-user-action", "upgrade",
    "upgrade-strategy", "use-deprecated", "use-feature", "verbose",
}  # fmt: skip
SOURCES = Path(__file__).with_name("from-source.txt")
# What pip holds true.
TRUE = {"y", "yes", "t", "true", "on", "1"}


def settings_of_pip() -> dict[str, str]:
    """What pip's files and variables say of `pip install`: the nearer to the command, the stronger."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in found:
            found[section][key] = ast.literal_eval(value)
    return found["global"] | found["install"] | found[":env:"]


def environment(settings: dict[str, str]) -> dict[str, str]:
    """The environment in which uv does what pip would.

    Exits with one line where pip is told something that uv cannot be.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    # what pip's library for HTTP reads
    if bundle := os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"):
        variables["SSL_CERT_FILE"] = bundle
    for key, value in settings.items():
        if key not in TOLD and key not in IDLE:
            sys.exit(f"error: pip's setting {key} has no counterpart in uv")
        separator = "," if key in SEPARATED_BY_COMMAS else " "
        variables |= dict.fromkeys(TOLD.get(key, []), separator.join(value.split()))
    return variables


def wheels_only() -> list[str]:
    """Options by which nothing is built while it is installed, but for the packages that are published as source only."""
    options = ["--only-binary", ":all:"]
    for line in SOURCES.read_text(encoding="utf-8").splitlines():
        name, *words = line.split("#")[0].split() or [""]
        if name:
            options += ["--no-binary", name]
            options += [] if "isolated" in words else ["--no-build-isolation-package", name]
    return options


def main(target: str, cache: str, *locks: str) -> None:
    """Install `locks` one after the other: a later one may replace what an earlier one brought."""
    settings = settings_of_pip()
    options = ["--no-deps", "--require-hashes", "--no-compile-bytecode", *wheels_only()]
    # All places count, as for pip: a digest says what may be taken, not the place. Where several have a version, uv takes the first one's
    # file and pip the best of all: another of those that the lock names.
    options += ["--index-strategy", "unsafe-best-match"]
    if settings.get("no-index", "").lower() in TRUE:
        options.append("--no-index")
    if wheels := os.environ.get("KOREASON_WHEELS"):
        options += ["--find-links", wheels]
    uv = Path(sys.executable).with_name("uv")
    # hard links need the cache on the environments' file system; where there are none, uv copies
    options += ["--cache-dir", cache, "--link-mode", "hardlink", "--no-config", "--no-python-downloads", "--no-progress"]
    for lock in locks:
        command = [uv, "pip", "install", "--python", Path(target) / "bin" / "python", *options, "--requirements", lock]
        if status := subprocess.run(command, env=environment(settings)).returncode:
            sys.exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
