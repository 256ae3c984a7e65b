"""What stands above the sections: the question, what was compared, and whether the code has changed since."""

from attnbench.config import RESULTS_VERSION
from attnbench.report.comparison.study import Study
from attnbench.report.render.elements import Notice
from attnbench.wording import counted


def summary(study: Study) -> str:
    """What was compared, in one line."""
    variants = study.variants or study.profiles
    mechanisms = list(dict.fromkeys(variant.attention for variant in variants))
    seeds = {run.seed for variant in variants for run in variant.runs}
    parts = [
        ", ".join(mechanisms),
        ", ".join(sorted({variant.data for variant in study.variants})),
        counted(len(variants), "variant"),
        counted(len(seeds), "seed"),
        f"{sum(run.finished for run in study.runs)} of {counted(len(study.runs), 'run')} finished",
    ]
    return " · ".join(part for part in parts if part)


def question(study: Study) -> str:
    """What the study asks; empty where its runs name no question, or several."""
    questions = {run.params.get("question", "None") for run in study.compared} - {"None"}
    return questions.pop() if len(questions) == 1 else ""


def age(study: Study) -> Notice | None:
    """What to know of runs of another results version than this code's; None for runs of its own version."""
    version = study.results_version
    if version == RESULTS_VERSION:
        return None
    if version is None:
        made = "These runs do not record under which results version they were made"
    else:
        made = f"These runs were made under results version {version}"
    lines = [f"{made}; this code is at version {RESULTS_VERSION}, and the same configuration may give other numbers."]
    commands = {run.origin.command for run in study.compared} - {""}
    if len(commands) == 1:
        lines.append(f"Train again with this code: `{commands.pop()}`.")
    return Notice("Made under another results version", tuple(lines))
