"""Choosing on validation."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.records import Status, Tuned
from attnbench.report.comparison.selection import expected_best, kept_score, select
from attnbench.report.comparison.study import study_of
from attnbench.report.sources.runs import Run, Runs

Make = Callable[..., Run]
RATE = "training.learning_rate"
STOPPING = "training__early_stopping__metric"


def grid(make_run: Make, scores: dict[tuple[str, int, float], float]) -> list[Run]:
    return [
        make_run(name, seed=seed, training__learning_rate=rate, bleu=1.0, histories={"valid/bleu": ((7, score),)})
        for (name, seed, rate), score in scores.items()
    ]


def test_each_variant_keeps_the_candidate_with_the_best_mean_over_seeds(make_run: Make) -> None:
    runs = grid(
        make_run,
        {("dot", 1, 0.1): 3.0, ("dot", 1, 0.2): 5.0, ("dot", 2, 0.1): 7.0, ("dot", 2, 0.2): 2.0, ("none", 1, 0.1): 1.0},
    )
    kept, selection = select(runs, "valid/bleu", RATE)
    # means 5.0 and 3.5: the second seed alone would have chosen otherwise
    assert [(run.params["attention"], run.seed, run.params[RATE]) for run in kept] == [
        ("dot", 1, "0.1"),
        ("dot", 2, "0.1"),
        ("none", 1, "0.1"),
    ]
    assert [group.means() for group in selection.groups] == [{("0.1",): 5.0, ("0.2",): 3.5}, {("0.1",): 1.0}]


def test_candidates_are_compared_on_the_seeds_that_all_have(make_run: Make) -> None:
    runs = grid(make_run, {("dot", 1, 0.1): 3.0, ("dot", 1, 0.2): 5.0, ("dot", 2, 0.1): 70.0})
    kept, _ = select(runs, "valid/bleu", RATE)
    assert [run.params[RATE] for run in kept] == ["0.2"]


def test_combinations_of_options_are_candidates(make_run: Make) -> None:
    runs = [
        make_run(training__learning_rate=rate, model__initial_range=span, histories={"valid/bleu": ((7, score),)})
        for rate, span, score in ((0.1, None, 3.0), (0.1, 0.5, 9.0), (0.2, None, 5.0), (0.2, 0.5, 4.0))
    ]
    (kept,), selection = select(runs, "valid/bleu", f"{RATE},model.initial_range")
    assert selection.values(kept) == ("0.1", "0.5")
    assert selection.tuned == Tuned(
        "valid/bleu", [RATE, "model.initial_range"], 4, [1], {"dot": {RATE: 0.1, "model.initial_range": 0.5}}
    )


def test_nothing_is_taken_over_where_mechanisms_had_other_candidates(make_run: Make) -> None:
    runs = grid(make_run, {("dot", 1, 0.1): 3.0, ("dot", 1, 0.2): 5.0, ("none", 1, 0.1): 1.0})
    assert select(runs, "valid/bleu", RATE)[1].tuned is None


def test_the_expected_best_of_two_draws_from_two_is_three_quarters_of_the_way() -> None:
    # of four equally likely pairs of draws one is the worse one twice
    assert expected_best([20.0, 10.0]) == pytest.approx([15, 17.5])


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=6))
def test_the_expected_best_is_the_mean_over_all_draws(scores: list[int]) -> None:
    for budget, expected in enumerate(expected_best(scores)[:4], start=1):
        draws = list(itertools.product(scores, repeat=budget))
        assert expected == pytest.approx(sum(map(max, draws)) / len(draws))


def test_the_score_is_that_of_the_kept_weights_not_the_best_of_the_history(make_run: Make) -> None:
    histories = {"valid/bleu": ((3, 11.0), (5, 17.0), (7, 13.0)), "valid/loss": ((3, 2.0), (5, 1.9), (7, 1.5))}
    by_loss = make_run(histories=histories, **{STOPPING: "valid/loss"})
    by_bleu = make_run(histories=histories, **{STOPPING: "valid/bleu"})
    assert kept_score(by_loss, "valid/bleu") == 13.0
    assert kept_score(by_bleu, "valid/bleu") == 17.0
    assert kept_score(by_bleu, "valid/loss") == 1.9


def test_the_lowest_loss_is_chosen(make_run: Make) -> None:
    runs = [
        make_run(training__learning_rate=rate, histories={"valid/loss": ((7, loss),)})
        for rate, loss in ((0.1, 2.0), (0.2, 1.5), (0.3, 1.7))
    ]
    (kept,), _ = select(runs, "valid/loss", RATE)
    assert kept.params[RATE] == "0.2"


def test_failed_runs_and_profiles_stay_in_sight(make_run: Make) -> None:
    runs = grid(make_run, {("dot", 1, 0.1): 3.0, ("dot", 1, 0.2): 5.0})
    failed = make_run("dot", status=Status.FAILED, run_id="failed")
    profile = make_run("dot", task="profile", run_id="profile")
    kept, _ = select([*runs, failed, profile], "valid/bleu", RATE)
    assert kept == (runs[1], failed, profile)


def refusal(runs: list[Run], metric: str | None, over: str | None) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        study_of(Runs("small", tuple(runs)), metric=metric, over=over)
    return str(caught.value)


def test_the_test_set_may_not_choose(make_run: Make) -> None:
    assert refusal([make_run()], "test/bleu", RATE) == (
        "select=test/bleu would choose on the test set, and the test result would then be too good. "
        "Choose on validation: select=valid/bleu or select=valid/loss."
    )


def test_an_unknown_metric_is_named_with_the_nearest(make_run: Make) -> None:
    assert refusal([make_run()], "valid/blue", RATE) == (
        "Unknown select 'valid/blue'. Known: valid/bleu, valid/loss. Did you mean 'valid/bleu'?"
    )


def test_select_and_over_need_each_other(make_run: Make) -> None:
    assert refusal([make_run()], "valid/bleu", None) == (
        "select=valid/bleu needs an option to choose over. Give over=OPTION, for example over=training.learning_rate."
    )
    assert refusal([make_run()], None, RATE) == (
        "over=training.learning_rate needs a validation metric to choose on. Add select=valid/bleu."
    )


def test_an_option_that_was_not_varied_cannot_be_chosen_over(make_run: Make) -> None:
    runs = [make_run(training__learning_rate=rate) for rate in (0.1, 0.2)]
    assert refusal(runs, "valid/bleu", "training.learning_rates") == (
        "over=training.learning_rates chooses nothing: the finished runs do not differ in this option. "
        "Varied: training.learning_rate. Did you mean 'training.learning_rate'?"
    )
    assert refusal([make_run()], "valid/bleu", RATE) == (
        "over=training.learning_rate chooses nothing: the finished runs do not differ in this option. "
        "They differ only in attention and seed."
    )


def test_a_run_without_a_history_cannot_be_chosen(make_run: Make) -> None:
    runs = [make_run(training__learning_rate=rate, run_id=f"run-{rate}") for rate in (0.1, 0.2)]
    assert refusal(runs, "valid/bleu", RATE) == (
        "Run run-0.1 has no history of valid/bleu, which select=valid/bleu needs. "
        "Read it from its run folder or MLflow, or omit select."
    )
