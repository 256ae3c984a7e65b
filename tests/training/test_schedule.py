"""Learning rates by hand."""

import pytest

from attnbench.training.checkpoint import TrainingState
from attnbench.training.schedule import SCHEDULES


def _rate(name: str, step: int, *, warmup_steps: int = 0, factor: float = 1.0) -> float:
    schedule = SCHEDULES[name](0.8, warmup_steps, decay_factor=0.25)
    return schedule.learning_rate(step, total_steps=100, factor=factor)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_rises_evenly_through_the_warm_up(name: str) -> None:
    assert [_rate(name, step, warmup_steps=4) for step in range(4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_schedules_after_the_warm_up() -> None:
    assert _rate("constant", 99) == 0.8
    assert [_rate("linear", step) for step in (0, 25, 100)] == pytest.approx([0.8, 0.6, 0.0])
    assert [_rate("cosine", step) for step in (0, 50, 100)] == pytest.approx([0.8, 0.4, 0.0])
    assert _rate("inverse_sqrt", 15, warmup_steps=4) == pytest.approx(0.4)
    assert _rate("plateau", 99, factor=0.25) == pytest.approx(0.2)


@pytest.mark.parametrize("name", SCHEDULES)
def test_only_plateau_reduces_its_factor(name: str) -> None:
    assert SCHEDULES[name](0.8, 0, decay_factor=0.25).reduced(0.5) == (0.125 if name == "plateau" else 0.5)


def test_the_best_loss_is_the_lowest_and_the_best_bleu_the_highest() -> None:
    loss, bleu = TrainingState(), TrainingState()
    found = [loss.improved("valid/loss", {"valid/loss": value}) for value in (3.0, 2.0, 2.0, 5.0)]
    assert (found, loss.waited) == ([True, True, False, False], 2)
    found = [bleu.improved("valid/bleu", {"valid/bleu": value, "valid/loss": 1.0}) for value in (3.0, 2.0, 4.0)]
    assert (found, bleu.waited) == ([True, False, True], 0)


def test_of_equal_scores_the_lower_loss_is_the_best_and_patience_starts_again() -> None:
    state = TrainingState()
    evaluations = [(0.0, 5.0), (0.0, 4.0), (0.0, 4.5), (0.0, 4.0), (0.1, 9.0)]
    found = [state.improved("valid/bleu", {"valid/bleu": bleu, "valid/loss": loss}) for bleu, loss in evaluations]
    assert (found, state.waited) == ([True, True, False, False, True], 0)
