"""What is watched, as lines for a terminal.

lines = drawing_lines(drawing, time.time())
spell(5400)     # '1.5 h'
"""

import time
from collections.abc import Iterator

from koreason.engine.answers import REFUSED
from koreason.ops.watching.drawing import Drawing, Left, Share

LETTERS_SHOWN = 0.01  # least share of a script's letters
HEAD = f"{'shard':<16}{'answers':>21}{'cut':>7}{'looped':>8}{'refused':>9}{'in flight':>11}"
HEAD += f"{'tokens':>15}{'tokens/s':>10}{'left':>11}  state"


def drawing_lines(drawing: Drawing, now: float, most: int | None = None) -> list[str]:
    """Of one journal: its shards, at most so many of them, their sum, and what is known of its answers."""
    lines = [f"{drawing.name}", HEAD]
    shown = list(drawing.shards.items())
    if most is not None and len(shown) > most:
        # what draws is what is looked at
        shown = sorted(sorted(shown, key=lambda item: item[1].state not in ("drawing", "silent"))[: max(most - 1, 1)])
    lines += [_row(name, share, drawing.left(share)) for name, share in shown]
    if hidden := len(drawing.shards) - len(shown):
        lines.append(f"and {hidden:,} more shards")
    if len(drawing.shards) > 1:
        lines.append(_row("all", drawing.all, drawing.left(drawing.all)))
    return [*lines, *_facts(drawing, now)]


def _row(name: str, share: Share, left: Left | None) -> str:
    asked = f"{share.finished:,}/{'?' if share.asked is None else format(share.asked, ',')}"
    counts = f"{share.ends['length']:>7,}{share.ends['repetition']:>8,}{share.ends[REFUSED]:>9,}{len(share.running):>11,}"
    speed = f"{share.tokens_per_second:,.0f}" if share.tokens_per_second else "-"
    rest = "-" if left is None or left.seconds is None or share.state == "done" else spell(left.seconds)
    return f"{name:<16}{asked:>21}{counts}{share.tokens:>15,}{speed:>10}{rest:>11}  {share.state}"


def _facts(drawing: Drawing, now: float) -> Iterator[str]:
    lengths, whole = drawing.lengths, drawing.all
    if lengths.finished:
        far = lengths.quantile(0.99)
        last = f"{far:,}" if far is not None else "not known yet"
        of = f"of {lengths.finished:,} finished and {lengths.running:,} in flight"
        yield f"length: {lengths.mean:,.0f} tokens in the mean (standard error {lengths.error:,.0f}), 99th percentile {last}; {of}"
    if drawing.letters:
        shares = [f"{script} {share:.0%}" for script, share in drawing.letters.most_common() if share >= LETTERS_SHOWN]
        yield f"letters: {', '.join(shares)}"
    left = drawing.left(whole)
    if left is not None and whole.state != "done":
        yield "left: " + _left(left, now)
    gpu, seconds, tokens = drawing.spent()
    if seconds:
        kind, spent = ("GPU-hours", gpu) if gpu else ("hours", seconds)
        line = f"{kind}: {spent / 3600:,.2f} spent"
        if left is not None and tokens and whole.state != "done":
            line += f", {spent / tokens * left.tokens / 3600:,.2f} (± {spent / tokens * left.tokens_error / 3600:,.2f}) to come"
        yield line
    for shard, quiet in drawing.silent().items():
        yield f"silent: {shard} has given no sign for {spell(quiet)}; its job is dead, or loads a very large model"
    if drawing.damaged:
        yield f"damaged: {drawing.damaged:,} places in the journal hold no whole line; what stood there is drawn again"


def _left(left: Left, now: float) -> str:
    tokens = f"{left.tokens:,.0f} (± {left.tokens_error:,.0f}) tokens"
    if left.seconds is None:
        return f"{tokens}; nothing draws them now"
    first, last = max(left.seconds - left.seconds_error, 0.0), left.seconds + left.seconds_error
    return f"{tokens}, {spell(left.seconds)} ({spell(first)} to {spell(last)}), until {clock(now + left.seconds)}"


def spell(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def clock(at: float) -> str:
    """A moment, in this machine's time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
