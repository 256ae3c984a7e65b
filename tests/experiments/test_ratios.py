"""The figure of the benchmarks' ratios."""

from pathlib import Path

from experiments import ratios, rows

FORMATS = dict.fromkeys(("work", "variant", "precision", "threads", "ratio", "ratio_low", "ratio_high"), "")


def test_the_figure_has_a_line_for_each_row_of_the_files_that_benchmarks_write(tmp_path: Path) -> None:
    numbers = {"ratio": 1.25, "ratio_low": 1.0, "ratio_high": 1.5}
    inference: rows.Row = {"work": "test_beam", "variant": "dot", "precision": "float32", "threads": 1, **numbers}
    training: rows.Row = {"variant": "bahdanau+feeding", "precision": "mixed_bfloat16", "threads": 2, **numbers}
    files = [tmp_path / "decoding_beside_PyTorch.csv", tmp_path / "training.csv"]
    for file, row in zip(files, (inference, training), strict=True):
        rows.report([row], FORMATS, file)

    ratios.main([*map(str, files), "--output", str(tmp_path / "ratios")])

    drawn = (tmp_path / "ratios.svg").read_text(encoding="utf-8")
    for text in (
        "decoding beside PyTorch",
        "test beam, dot, float32, 1 thread",
        "training",
        "bahdanau+feeding, mixed bfloat16, 2 threads",
        "ratio, above 1 where attnbench is faster",
    ):
        assert f">{text}</text>" in drawn
    assert (tmp_path / "ratios.png").stat().st_size > 0
