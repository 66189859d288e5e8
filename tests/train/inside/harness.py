"""Runs all `check_*` functions of a script in one process, since each start of an engine's libraries costs seconds.

The script prints one JSON line, check name to None or the traceback; `conftest.Checks` starts it and hands out the results.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any


def run_checks(names: dict[str, Any], *arguments: object) -> None:
    """Call each check with `arguments` and report; $ONLY is a part of the names of those that are called."""
    results: dict[str, str | None] = {}
    for name, function in list(names.items()):
        if name.startswith("check_") and isinstance(function, Callable) and os.environ.get("ONLY", "") in name:
            try:
                function(*arguments)
                results[name] = None
            except BaseException:
                results[name] = traceback.format_exc()
    print("RESULTS " + json.dumps(results), flush=True)
    sys.stdout.flush()
