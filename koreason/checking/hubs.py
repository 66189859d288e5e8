"""Models and data sets of the Hugging Face hub that are still to be fetched: whether the hub lets this user have them.

found = list(gated(run))

Each is asked for once, its one commit and nothing of its bytes, and only where the network is: without one nothing is known
and nothing said. `HF_HUB_OFFLINE=1` asks nothing; where `KOREASON_MIRROR` names a mirror, that has to hold them.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from koreason import mirrored
from koreason.checking.finding import Finding, Run, kept
from koreason.config.pinned import is_folder, is_pinned
from koreason.errors import UserError

SECONDS = 10  # that the hub may take to answer
AT_ONCE = 8
RULES = {
    "bases": ("base", "base", "model"),
    "sources": ("ingest", "source", "dataset"),
    "imported": ("import_traces", "imported", "dataset"),
    "benches": ("bench", "bench", "dataset"),
}


def gated(run: Run) -> Iterator[Finding]:
    """What the hub, or the mirror in its place, does not give of what would be fetched."""
    asked = dict(_wanted(run))
    if mirror := mirrored.root():
        found: list[Finding] = []
        for where, (hub, revision, kind) in asked.items():
            with kept(found, where, True):  # its files are held against their digests by the job
                if mirrored.read_index(mirrored.place(mirror, f"{kind}s", hub, revision)) is None:
                    raise UserError(f"does not hold {hub} at {revision}", f"mirror {mirror.absolute()}", mirrored.FILL)
        yield from found
        return
    if not run.network or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for where, said in zip(asked, pool.map(lambda one: _ask(*one), asked.values()), strict=True):
            if said:
                yield Finding.of(said[0], f"{where}: {asked[where][0]}", said[1], True)


def _wanted(run: Run) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """What is yet to be fetched: the key that names it, and its name, commit and kind."""
    for table, (rule, wildcard, kind) in RULES.items():
        for name, entry in run.entries(table):
            hub, revision = entry.get("hub"), entry.get("revision")
            if hub and not is_folder(hub) and is_pinned(revision) and run.due(rule, **{wildcard: name}):
                yield f"{table}.{name}.hub", (hub, str(revision), kind)


def _ask(hub: str, revision: str, kind: str) -> tuple[str, str] | None:
    """What the hub refuses, and what to do; None where it gives it, or where there is no hub to ask."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        HfApi().repo_info(hub, revision=revision, repo_type=kind, timeout=SECONDS)
        HfApi().auth_check(hub, repo_type=kind)
    except GatedRepoError:
        what = "is gated, and your token is not admitted" if token() else "is gated, and there is no token"
        return what, "ask for access on its page, then `hf auth login` or export HF_TOKEN"
    except RevisionNotFoundError:
        return f"has no commit {revision}", "copy the 40 digits from its history"
    except RepositoryNotFoundError:
        return "is not on the hub, or not for you", "correct its name, or log in with `hf auth login`"
    except HfHubHTTPError as error:
        if error.response is not None and error.response.status_code in (401, 403):
            return "the hub refuses your token", "make a new one, then `hf auth login` or export HF_TOKEN"
    except Exception as error:  # no network, a proxy, a name that does not resolve: libraries differ in what they raise
        if isinstance(error, ValueError):
            return f"is no name of the hub ({str(error).splitlines()[0][:120]})", "write OWNER/NAME"
    return None


def token() -> Any:
    """The token of this user, if there is one."""
    from huggingface_hub import get_token

    return get_token()
