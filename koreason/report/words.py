"""Words for names that stages put into their counts, and for numbers, as a reader who has never seen the project needs them.

    span(75)           # "1 min 15 s"
    percent(0.123)     # "12.3%"

Drop reasons have theirs where they are given: see `koreason/report/reasons.py`.
"""

STAGES = {
    "base": "Fetch teacher and students",
    "ingest": "Read dumps",
    "augment": "Make prompts of prompts",
    "clean": "Clean prompts",
    "sketch": "Sketch prompts",
    "dedup": "Find duplicates",
    "decontaminate": "Find overlaps with benchmarks",
    "pool": "Choose prompts",
    "trace": "Generate traces",
    "import_traces": "Import traces",
    "measure": "Measure traces",
    "judge": "Judge traces",
    "select": "Select traces",
    "pack": "Tokenize",
    "train": "Train",
    "bench": "Read benchmarks",
    "generate": "Answer benchmarks",
    "score": "Score answers",
}


VERDICTS = {
    "correct": "right",
    "wrong": "wrong",
    "unreadable": "unclear",
    "no_box": "not in the form asked for",
    "unfinished": "thinking never ended",
    "token_limit": "cut off at the token limit",
    "repetition": "repeated itself",
    "refused": "question too long, or set aside by the engine",
    "timeout": "too costly to compare",
    "crash": "too costly to compare",
}


# What is drawn first in a category, or left out of it.
STRATEGIES = {
    "longest": "the longest traces first",
    "hardest": "the traces first on whose prompt the teacher's samples agree least",
    "consensus": "only prompts on which no sample is wrong or contradicts another",
    "diverse": "of questions that are alike, numbers aside, one",
}


def span(seconds: float) -> str:
    """A time as people say it: 0.04 s, 4.2 s, 12 min 5 s, 31 h 10 min."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def percent(value: float | None, digits: int = 1) -> str:
    """A share of 1 in percent; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}%}"


def whole(value: float | None) -> str:
    """A count, with its thousands apart; a dash where there is none."""
    return "–" if value is None else f"{value:,.0f}"


def tenth(value: float | None) -> str:
    """A figure to one decimal; a dash where there is none."""
    return "–" if value is None else f"{value:.1f}"


def plus_minus(value: float | None, error: float | None) -> str:
    """A share of 1 in percent with its error, where there is one."""
    return percent(value) + (f" ± {error * 100:.1f}" if error is not None else "")


def points(value: float | None) -> str:
    """A difference of shares in percentage points, with its sign."""
    return "–" if value is None else f"{value * 100:+.1f}".replace("-", "−")


def share(part: int, whole: int) -> str:
    """What share of `whole` a part is."""
    return percent(part / whole) if whole else "–"
