"""Where a reply's thinking starts and ends: the marks, and how a reply is cut at them and put together.

split("<think>하나</think>둘")      # ("하나", "둘")
joined("하나", "둘")               # "<think>\\n하나\\n</think>\\n\\n둘"
"""

OPEN, CLOSE = "<think>", "</think>"
MARKS = "</?think>"  # either, as a regular expression


def split(reply: str) -> tuple[str | None, str | None]:
    """Thinking and answer of a reply; None for the part that is not there.

    The thinking ends at the first `CLOSE`, also where a chat template opened it. Further marks stay in the answer, where `select`
    finds and refuses them.
    """
    before, close, after = reply.partition(CLOSE)
    if close:
        return before.split(OPEN, 1)[-1].strip(), after.strip()
    if OPEN in before:
        return before.split(OPEN, 1)[1].strip(), None
    return None, reply.strip()


def joined(think: str, answer: str) -> str:
    """The reply that a student learns to give."""
    return f"{OPEN}\n{think}\n{CLOSE}\n\n{answer}"
