"""Learning rates by hand."""

import pytest

from attnbench.training.schedule import learning_rate
from attnbench.training.state import TrainingState


def _rate(name: str, step: int, **changes: float) -> float:
    options = {"base": 0.8, "warmup_steps": 0, "total_steps": 100, "factor": 1.0} | changes
    return learning_rate(name, step, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["constant", "linear", "cosine", "inverse_sqrt", "plateau"])
def test_every_schedule_rises_evenly_through_the_warm_up(name: str) -> None:
    assert [_rate(name, step, warmup_steps=4) for step in range(4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_schedules_after_the_warm_up() -> None:
    assert _rate("constant", 99) == 0.8
    assert [_rate("linear", step) for step in (0, 25, 100)] == pytest.approx([0.8, 0.6, 0.0])
    assert [_rate("cosine", step) for step in (0, 50, 100)] == pytest.approx([0.8, 0.4, 0.0])
    assert _rate("inverse_sqrt", 15, warmup_steps=4) == pytest.approx(0.4)
    assert _rate("plateau", 99, factor=0.25) == pytest.approx(0.2)


def test_the_best_loss_is_the_lowest_and_the_best_bleu_the_highest() -> None:
    loss, bleu = TrainingState(), TrainingState()
    assert [loss.improved("valid/loss", value) for value in (3.0, 2.0, 2.0, 5.0)] == [True, True, False, False]
    assert (loss.best, loss.waited) == (2.0, 2)
    assert [bleu.improved("valid/bleu", value) for value in (3.0, 2.0, 4.0)] == [True, False, True]
    assert (bleu.best, bleu.waited) == (4.0, 0)
