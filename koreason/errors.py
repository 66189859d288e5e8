"""The one exception that is the user's to mend, and exit statuses.

`koreason` turns a `UserError` into a single line on standard error and exit status 2.
"""

import errno

# Exit status of a job that was told to end, kept its work and wants to be run again.
RESUMABLE = 75


class UserError(Exception):
    """A mistake the user can correct: `what` went wrong, `where`, and what to `do`."""

    def __init__(self, what: str, where: object = "", do: str = "") -> None:
        parts = [str(where), what] if where else [what]
        line = ": ".join(parts) + (f"; {do}" if do else "")
        super().__init__(" ".join(line.split()))


def out_of_space(error: BaseException) -> bool:
    """Tell whether `error` means a full disk; Polars reports one as text inside its own exception types."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return "No space left on device" in str(error) or "Disk quota exceeded" in str(error)
