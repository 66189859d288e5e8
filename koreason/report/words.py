"""Words for names that stages put into their counts, and for numbers, as a reader who has never seen the project needs them.

    say("target_share")   # "too little of the language"

A reason that has no words here is shown by its name.
"""

STAGES = {
    "base": "Fetch teacher and students",
    "ingest": "Read dumps",
    "clean": "Clean prompts",
    "trace": "Generate traces",
    "select": "Select traces",
    "pack": "Tokenize",
    "train": "Train",
    "generate": "Answer benchmarks",
    "score": "Score answers",
}


REASONS = {
    "encoding": "not readable as text",
    "oversized": "record too large",
    "no_question": "no question in it",
    "not_text": "question is no text",
    "image_dependent": "needs a picture",
    "target_share": "too little of the language",
    "limit": "over the pool's limit",
}


def say(reason: str) -> str:
    """A reason in words; the tables beside the page keep the stages' own names."""
    return REASONS.get(reason, reason.replace("_", " "))


def span(seconds: float) -> str:
    """A time as people say it: 4.2 s, 12 min 5 s, 31 h 10 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def percent(value: float | None, digits: int = 1) -> str:
    """A share of 1 in percent; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}%}".replace("%", " %")


def points(value: float | None) -> str:
    """A difference of shares in percentage points, with its sign."""
    return "–" if value is None else f"{value * 100:+.1f}".replace("-", "−")


def share(part: int, whole: int) -> str:
    """What share of `whole` a part is."""
    return percent(part / whole) if whole else "–"
