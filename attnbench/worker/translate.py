"""`task=translate` and `task=align`: a finished run decodes text, or aligns pairs."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from attnbench import data
from attnbench.config import RunConfig
from attnbench.data import text
from attnbench.decoding import ForcedAligner, Searcher
from attnbench.model import Seq2Seq
from attnbench.records import RunFolder, write_atomically
from attnbench.records.files import reading
from attnbench.training import checkpoint
from attnbench.worker.build import build_model, set_up
from attnbench.worker.weights import Vocabularies, link_words, pair_weights

BATCH_SIZE = 64


def translate(folder: RunFolder, config: RunConfig, *, source: str, output: str) -> None:
    """Translates a text, one sentence a line, with the first search of the run's `evaluation.beam_sizes`.

    Args:
        folder: the run.
        config: its configuration.
        source: a UTF-8 text file, plain or .gz; `-` is standard input.
        output: the file to write; `-` is standard output.

    Raises:
        ValueError: the text is not UTF-8, or the checkpoint is missing or damaged.
    """
    lines = [_prepared(line, config) for line in _read(source)]
    model, (source_vocabulary, target_vocabulary) = _finished_model(folder, config)
    sentences = data.Sentences.of([source_vocabulary.encode(line) for line in lines])
    written = [""] * len(lines)
    rows = np.flatnonzero(sentences.lengths)
    if rows.size:
        searcher = Searcher(
            model, beams=config.evaluation.beam_sizes[0], length_penalty=config.evaluation.length_penalty
        )
        batches = data.source_batches(sentences.take(rows), batch_size=BATCH_SIZE)
        for row, ids in zip(rows, searcher.decode(batches, len(rows)).hypotheses, strict=True):
            written[row] = target_vocabulary.decode(ids.tolist())
    write(output, written)


def align(folder: RunFolder, config: RunConfig, *, source: str, output: str) -> None:
    """Aligns pairs, `source TAB target` a line: each target word's source word, as `i-j` from 0; never EOS.

    Args:
        folder: the run.
        config: its configuration.
        source: see `translate`.
        output: see `translate`.

    Raises:
        ValueError: the run has no attention, a line has not one tab, or as `translate`.
    """
    if not config.attention.has_context:
        raise ValueError(
            f"attention={config.attention.name} has no weights to align with. Name a run with an attention mechanism."
        )
    pairs = _read_pairs(source)
    model, vocabularies = _finished_model(folder, config)
    aligner = ForcedAligner(model)
    written = []
    for sides in pairs:
        texts = (_prepared(side, config) for side in sides)
        ids = [vocabulary.encode(line) for vocabulary, line in zip(vocabularies, texts, strict=True)]
        links = link_words(pair_weights(aligner, *ids), ids, vocabularies) if all(ids) else set()
        written.append(" ".join(f"{i}-{j}" for i, j in sorted(links, key=lambda link: (link[1], link[0]))))
    write(output, written)


def _finished_model(folder: RunFolder, config: RunConfig) -> tuple[Seq2Seq, Vocabularies]:
    vocabularies = folder.vocabularies.read()
    if vocabularies is None or not folder.best_checkpoint.exists():
        raise ValueError(
            f"The run folder {folder.path.name} holds no checkpoint to decode with. Train the run again with rerun=all."
        )
    set_up(replace(config, device="auto"))
    with reading(folder.vocabularies.path):
        source, target = data.from_dict(vocabularies.source), data.from_dict(vocabularies.target)
    model = build_model(config, source_vocabulary=source.size, target_vocabulary=target.size)
    checkpoint.load(folder.best_checkpoint.path, {"model": model.variables})
    return model, (source, target)


def _prepared(line: str, config: RunConfig) -> str:
    return line.lower() if config.data.lowercase else line


def _read_pairs(source: str) -> list[list[str]]:
    pairs = [line.split("\t") for line in _read(source)]
    for number, sides in enumerate(pairs, start=1):
        if len(sides) != 2:
            raise ValueError(
                f"Line {number} of {_path(source)} has {len(sides) - 1} tabs, expected one: source TAB target. "
                "Fix the line."
            )
    return pairs


def _read(source: str) -> list[str]:
    """The lines of `source`; none of an empty one."""
    path = _path(source)
    content = sys.stdin.buffer.read() if source == "-" else text.read_text(path)
    return text.decode_lines(content, path) if content else []


def _path(source: str) -> Path:
    """The path of `source`; for standard input, its name in messages."""
    return Path("standard input" if source == "-" else source)


def write(output: str, lines: Sequence[str]) -> None:
    """Writes lines to `output`: a file is replaced whole, behind a link too; a pipe or a device stays what it is."""
    content, path = "".join(f"{line}\n" for line in lines), Path(output)
    if output == "-":
        sys.stdout.write(content)
    elif path.is_relative_to("/dev") or (path.exists() and not path.is_file()):
        with path.open("ab") as file:
            file.write(content.encode())
    else:
        write_atomically(path.resolve(), content)
