"""Are the runs comparable? Whether they differ in data, in training pairs, in code or in machine."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import is_profile
from attnbench.report.render.elements import Notice, Section, Text
from attnbench.report.sources.runs import TEXTS, Run
from attnbench.wording import counted, listed, number

Value = TypeVar("Value")
TITLE = "Are the runs comparable?"


def section(study: Study) -> Section:
    """The warnings and remarks that apply, or the checks that passed."""
    remarks = (f"**Remark**: {remark}" for remark in study.remarks)
    lines = (*remarks, *(line for check in CHECKS if (line := check(study))))
    if lines:
        return Section("caveats", TITLE, [Notice("Keep in mind", lines)])
    passed = (
        "Checked and equal in all compared runs: training pairs, data files, test set and its scoring, seeds, results "
        "version, commit, device, threads and versions."
    )
    return Section("caveats", TITLE, [Text(passed)])


def _training_pairs(study: Study) -> str:
    counts = [
        (variant.data, int(count), variant.label)
        for variant in study.finished
        for count in sorted(set(variant.metric("data/train_pairs")))
    ]
    differing = [
        f"{number(count, 0)} for {_some(labels)}"
        for labels_by_count in _differing(counts).values()
        for count, labels in sorted(labels_by_count.items())
    ]
    if not differing:
        return ""
    return (
        f"**Training pairs** differ: {'; '.join(differing)}. What looks like an effect of length or setting may be one "
        "of the amount of data. `data.match_pairs=N` gives every run the same number."
    )


def _data_files(study: Study) -> str:
    texts = [(run.params["data"], run.params[TEXTS], run.run_id) for run in _training(study) if TEXTS in run.params]
    differing = [
        f"{name} is {listed([f'{digest} in {_some(runs)}' for digest, runs in sorted(digests.items())])}"
        for name, digests in _differing(texts).items()
    ]
    return f"**Data files** differ between runs, by their sha256 digests: {'; '.join(differing)}." if differing else ""


def _test_sets(study: Study) -> str:
    references = [
        (run.params["data"], run.sentences[:, -1].tobytes(), run.run_id)
        for run in _training(study)
        if run.sentences is not None
    ]
    if not (differing := list(_differing(references))):
        return ""
    return f"**Test sets** of {listed(differing)} differ between runs; such runs are not tested against each other."


def _scoring(study: Study) -> str:
    differing = list(_differing((run.params["data"], run.origin.bleu_signature, "") for run in _training(study)))
    return f"**BLEU** of {listed(differing)} was computed in different ways: signatures differ." if differing else ""


def _commits(study: Study) -> str:
    commits = _distinct(run.origin.commit for run in study.compared)
    return f"**Commits** differ: {listed([commit[:10] for commit in commits])}." if len(commits) > 1 else ""


def _dirty(study: Study) -> str:
    dirty = [run for run in study.compared if run.origin.dirty]
    return f"**Uncommitted changes** were in the code of {counted(len(dirty), 'run')}." if dirty else ""


def _machines(study: Study) -> str:
    machines = _distinct(_machine(run) for run in study.compared)
    if len(machines) < 2:
        return ""
    return f"**Devices or threads** differ: {listed(machines)}. Speed and memory are not comparable between them."


def _machine(run: Run) -> str:
    device, threads = run.origin.device, run.origin.threads
    return f"{device} with {threads} threads" if device and threads else device


def _versions(study: Study) -> str:
    versions = [run.origin.versions for run in study.compared]
    names = sorted({name for one in versions for name in one})
    differing = [name for name in names if len({one.get(name) for one in versions}) > 1]
    return f"**Versions** differ between runs: {listed(differing)}." if differing else ""


def _repeated(study: Study) -> str:
    repeated = [run for variant in (*study.variants, *study.profiles) for run in variant.repeated]
    if not repeated:
        return ""
    names = _some([run.run_id for run in repeated])
    return f"**Repeated**: {names}. A later run has the same variant and seed; the earlier one counts nowhere."


def _seeds(study: Study) -> str:
    if len({variant.seeds for variant in study.finished}) < 2:
        return ""
    return "**Seeds** differ between variants: tables show all seeds of each, tests only those that both have."


def _training(study: Study) -> list[Run]:
    return [run for run in study.compared if not is_profile(run)]


def _differing(values: Iterable[tuple[str, Value, str]]) -> dict[str, dict[Value, list[str]]]:
    """Of `(data set, value, name)`, the data sets with more than one value: the names that have each value."""
    names: dict[str, dict[Value, list[str]]] = {}
    for data, value, name in values:
        names.setdefault(data, {}).setdefault(value, []).append(name)
    return {data: by_value for data, by_value in names.items() if len(by_value) > 1}


def _distinct(values: Iterable[str | None]) -> list[str]:
    """The distinct values that are known, in order."""
    return list(dict.fromkeys(value for value in values if value))


def _some(names: Sequence[str]) -> str:
    return listed(names) if len(names) <= 6 else f"{', '.join(names[:5])} and {len(names) - 5} more"


CHECKS = (
    _training_pairs,
    _data_files,
    _test_sets,
    _scoring,
    _seeds,
    _commits,
    _dirty,
    _machines,
    _versions,
    _repeated,
)
"""Every check, in the order in which its warning is shown."""
