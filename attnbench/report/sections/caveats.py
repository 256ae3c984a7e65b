"""Are the runs comparable? Whether they differ in data, in training pairs, in code or in machine."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from attnbench.metrics import MOST_DISTURBANCE
from attnbench.report.comparison.convergence import has_history, unconverged
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.timing import disturbed, is_recorded
from attnbench.report.comparison.variants import is_profile
from attnbench.report.render.elements import Content, Notice, Text
from attnbench.report.sources.runs import TEXTS, Origin
from attnbench.wording import counted, listed, number

Value = TypeVar("Value")

_RECORDED: dict[str, Callable[[Origin], object]] = {
    "data files": lambda origin: origin.facts,
    "commit": lambda origin: origin.commit,
    "device": lambda origin: origin.device,
    "threads": lambda origin: origin.threads,
    "versions": lambda origin: origin.versions,
}
"""What a run records of how it was made, where it can; the commit is unknown outside a checkout."""


def content(study: Study) -> Content:
    """The remarks, and the warnings that apply; or the checks that passed."""
    lines = [*(f"**Remark**: {remark}" for remark in study.remarks), *_about_data(study), *_about_making(study)]
    unknown = [fact for fact, get in _RECORDED.items() if not all(get(run.origin) for run in study.compared)]
    unchecked = [f"**Unknown** of some runs, so not checked: {listed(unknown)}."] if unknown else []
    if lines:
        return [Notice("Keep in mind", (*lines, *unchecked))]
    trained = ["training pairs and target tokens", "test set and its scoring", "seeds"]
    if all(has_history(run) for variant in study.finished for run in variant.runs):
        trained.append("convergence")
    facts = [*(trained if study.finished else []), "results version", *_RECORDED]
    if is_recorded((*study.finished, *study.profiles)):
        facts.append("undisturbed timing")
    equal = f"Checked and equal in all compared runs: {listed([fact for fact in facts if fact not in unknown])}."
    return [Text(" ".join([equal, *unchecked]))]


def _about_data(study: Study) -> Iterator[str]:
    """Whether the training runs of a data set had the same pairs, files, test set and scoring."""
    if pairs := _counts(study, "data/train_pairs"):
        yield (
            f"**Training pairs** differ: {pairs}. What looks like an effect of length or setting may be one of the "
            "amount of data. `data.match_pairs=N` gives every run the same number."
        )
    if tokens := _counts(study, "data/train_target_tokens"):
        yield (
            f"**Target tokens** of an epoch differ: {tokens}. `data.match_tokens=N` gives every run the same number, "
            "within a sentence."
        )
    runs = [run for run in study.compared if not is_profile(run)]
    texts = _differing((run.params["data"], run.params[TEXTS], run.run_id) for run in runs if TEXTS in run.params)
    files = [
        f"{name} is {listed([f'{digest} in {_some(ids)}' for digest, ids in sorted(digests.items())])}"
        for name, digests in texts.items()
    ]
    if files:
        yield f"**Data files** differ between runs, by their sha256 digests: {'; '.join(files)}."
    references = (
        (run.params["data"], run.origin.test_digest or run.sentences["reference_tokens"].tobytes(), run.run_id)
        for run in runs
        if run.sentences is not None
    )
    if tests := list(_differing(references)):
        yield f"**Test sets** of {listed(tests)} differ between runs; such runs are not tested against each other."
    if scored := list(_differing((run.params["data"], run.origin.bleu_signature, "") for run in runs)):
        yield f"**BLEU** of {listed(scored)} was computed in different ways: signatures differ."


def _about_making(study: Study) -> Iterator[str]:
    """Whether the compared runs had converged, and had the same seeds, code, machine and versions."""
    if open_ended := [run.run_id for variant in study.finished for run in variant.runs if unconverged(run)]:
        yield (
            f"**Not converged**: the last validation was the best one in {_some(open_ended)}. Longer training may "
            "change the order. Train with more `training.epochs`."
        )
    if len({variant.seeds for variant in study.finished}) > 1:
        yield "**Seeds** differ between variants: tables show all seeds of each, tests only those that both have."
    origins = [run.origin for run in study.compared]
    commits = dict.fromkeys(origin.commit for origin in origins if origin.commit)
    if len(commits) > 1:
        yield f"**Commits** differ: {listed([commit[:10] for commit in commits])}."
    if dirty := sum(bool(origin.dirty) for origin in origins):
        yield f"**Uncommitted changes** were in the code of {counted(dirty, 'run')}."
    machines = dict.fromkeys(
        f"{origin.device} with {origin.threads} threads" if origin.threads else origin.device
        for origin in origins
        if origin.device
    )
    if len(machines) > 1:
        named = listed(list(machines))
        yield f"**Devices or threads** differ: {named}. Speed and memory are not comparable between them."
    if rough := [variant.label for variant in disturbed((*study.finished, *study.profiles))]:
        yield (
            f"**Timing was disturbed** in {_some(rough)}: other work on the machine held up more than "
            f"{number(100 * MOST_DISTURBANCE, 0)} % of it. Such speeds are rough."
        )
    packages = sorted({name for origin in origins for name in origin.versions})
    versions = [name for name in packages if len({origin.versions.get(name) for origin in origins}) > 1]
    if versions:
        yield f"**Versions** differ between runs: {listed(versions)}."
    if repeated := [run.run_id for variant in (*study.variants, *study.profiles) for run in variant.repeated]:
        yield (
            f"**Repeated**: {_some(repeated)}. A later run has the same variant and seed; the earlier one counts "
            "nowhere."
        )


def _counts(study: Study, key: str) -> str:
    """The values of a count, each with the variants that have it; empty where all of a data set are equal."""
    counts = [
        (variant.data, int(count), variant.label)
        for variant in study.finished
        for count in sorted(set(variant.metric(key)))
    ]
    return "; ".join(
        f"{number(count, 0)} for {_some(labels)}"
        for labels_by_count in _differing(counts).values()
        for count, labels in sorted(labels_by_count.items())
    )


def _differing(values: Iterable[tuple[str, Value, str]]) -> dict[str, dict[Value, list[str]]]:
    """Of `(data set, value, name)`, the data sets with more than one value: the names that have each value."""
    names: dict[str, dict[Value, list[str]]] = {}
    for data, value, name in values:
        names.setdefault(data, {}).setdefault(value, []).append(name)
    return {data: by_value for data, by_value in names.items() if len(by_value) > 1}


def _some(names: Sequence[str]) -> str:
    return listed(names) if len(names) <= 6 else f"{', '.join(names[:5])} and {len(names) - 5} more"
