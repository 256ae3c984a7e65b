"""The arguments with which OpenNMT-py trains the model of a run of attnbench."""

import json
from pathlib import Path

from attnbench.config import RunConfig

_SCORES = {"additive": "mlp", "dot": "dot", "general": "general", "none": "none"}
_UNLIMITED = "1000000"


def training_arguments(config: RunConfig, folder: Path, *, pairs: int, steps: int) -> list[str]:
    """Training without end, validation or checkpoints, on the text that `text.write` has written into `folder`.

    Args:
        config: of the run to match.
        folder: of the text.
        pairs: sentence pairs in it. OpenNMT-py sorts all of them by length at once, which needs least padding.
        steps: between two reports.
    """
    return [
        *_data_arguments(folder),
        *_model_arguments(config),
        *_optimiser_arguments(config),
        *("--bucket_size", str(pairs), "--num_workers", "0"),
        *("--seed", str(config.seed), "--report_every", str(steps)),
        *("--train_steps", _UNLIMITED, "--valid_steps", _UNLIMITED, "--save_checkpoint_steps", _UNLIMITED),
        *("--save_model", str(folder / "model"), "--keep_checkpoint", "0"),
    ]


def _data_arguments(folder: Path) -> list[str]:
    corpus = {"path_src": str(folder / "train.source"), "path_tgt": str(folder / "train.target")}
    return [
        *("--data", json.dumps({"corpus": corpus})),
        *("--src_vocab", str(folder / "vocabulary.source")),
        *("--tgt_vocab", str(folder / "vocabulary.target")),
    ]


def _model_arguments(config: RunConfig) -> list[str]:
    return [
        *("--encoder_type", "brnn", "--decoder_type", "rnn", "--rnn_type", "GRU", "--layers", "1", "--bridge"),
        *("--word_vec_size", str(config.model.embedding_size), "--hidden_size", str(config.hidden_size)),
        *("--global_attention", _SCORES[str(config.attention.score)]),
        *("--input_feed", str(int(config.attention.input_feeding))),
        *("--dropout", str(config.model.readout_dropout)),
    ]


def _optimiser_arguments(config: RunConfig) -> list[str]:
    training = config.training
    return [
        *("--batch_type", "sents", "--batch_size", str(training.batch_size), "--normalization", "tokens"),
        *("--optim", "adam", "--learning_rate", str(training.learning_rate)),
        *("--max_grad_norm", str(training.clip_norm), "--label_smoothing", str(training.label_smoothing)),
    ]
