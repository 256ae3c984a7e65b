"""Runs as the report gets them."""

import re
from collections.abc import Callable

import pytest

from attnbench.records import MetricsEvent, Outcome, Result, RunFolder, Status, read_record
from attnbench.tracking import Forwarder, Store, read_runs
from tests import made
from tests.tracking.conftest import finish

Make = Callable[..., RunFolder]


@pytest.fixture
def send(store_uri: str) -> Callable[[RunFolder], None]:
    store = Store(store_uri, warn=pytest.fail)

    def sent(folder: RunFolder) -> None:
        Forwarder(folder, store).forward(finalize=True)

    return sent


def test_a_run_comes_back_with_all_that_was_sent(
    make_folder: Make, send: Callable[[RunFolder], None], store_uri: str
) -> None:
    folder = make_folder("dot-h128", seed=7)
    for step, bleu in ((3, 5.0), (5, 13.0), (7, 11.0)):
        folder.append(MetricsEvent(step, {"valid/bleu": bleu}))
    finish(folder, **{"test/bleu": 43.0, "valid/bleu": 13.0})
    send(folder)
    (run,) = read_runs(store_uri, study="length")
    assert (run.name, run.status, run.tags["signature"]) == ("dot-h128", "FINISHED", made.SIGNATURE)
    assert (run.params["seed"], run.params["attention"]) == ("7", "bahdanau")
    assert run.metrics == {"test/bleu": 43.0, "valid/bleu": 13.0}
    assert run.histories == {"valid/bleu": [(3, 5.0), (5, 13.0), (7, 11.0)]}
    assert run.artifacts.keys() == {"config.json", "facts.json", "result.json"}
    assert read_record(run.artifacts["result.json"], Result) == made.result(run.metrics)


def test_runs_are_chosen_by_study(make_folder: Make, send: Callable[[RunFolder], None], store_uri: str) -> None:
    one, two = make_folder("one", signature="11" * 32), make_folder("two", signature="13" * 32, study="speed")
    two.record(Outcome(Status.FAILED, "time limit"))
    send(one)
    send(two)
    assert [run.name for run in read_runs(store_uri, study="length")] == ["one"]
    assert [run.tags["status_reason"] for run in read_runs(store_uri, study="speed")] == ["time limit"]
    assert [run.name for run in read_runs(store_uri)] == ["two"]


def test_of_several_runs_of_a_signature_the_newest_counts(
    make_folder: Make, send: Callable[[RunFolder], None], store_uri: str
) -> None:
    send(make_folder("old"))
    send(make_folder("new"))
    assert [run.name for run in read_runs(store_uri)] == ["new"]


def test_an_unknown_study_is_refused_with_the_nearest(
    make_folder: Make, send: Callable[[RunFolder], None], store_uri: str
) -> None:
    send(make_folder())
    message = "Unknown study 'lenght' in the MLflow store. Known: length. Did you mean 'length'?"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_runs(store_uri, study="lenght")
