"""Which options of the benchmark beside PyTorch go together."""

import pytest

from experiments.peers.__main__ import main


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["training"], "--runs is for test_greedy and test_beam. Leave it out for training."),
        (["greedy", "beam"], "--runs is for test_greedy and test_beam. Leave it out for greedy and beam."),
        (
            ["test_beam", "--variants", "dot"],
            "--variants does not go with --runs: a run has its own variant. Leave out one of them.",
        ),
        (["test_beam", "beam"], "test_greedy and test_beam go together, without other work, and need --runs."),
    ],
)
def test_options_that_would_be_ignored_beside_runs_are_refused(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main([*words, "--root", "DIR", "--runs", "RUN"])
    assert exited.value.code == 2
    assert capsys.readouterr().err.endswith(f"python -m experiments.peers: error: {problem}\n")
