"""The shared model: embeddings, encoder, bridge, decoder, output layer."""

from typing import NamedTuple

import keras
from keras import ops

from attnbench import backend
from attnbench.attention import Attention, Memory
from attnbench.attention.seeded import SeededLayer, draw_weights, layer_flops
from attnbench.model.bridge import BRIDGES
from attnbench.model.cells import CELLS
from attnbench.model.decoder import Decoder, DecoderState
from attnbench.model.dropout import Dropout
from attnbench.model.encoder import Encoder
from attnbench.special_tokens import BOS, PAD
from attnbench.tensors import Tensor


class Encoded(NamedTuple):
    """An encoded source batch: the memory of the attention (None without), and the decoder's first state."""

    memory: Memory | None
    state: DecoderState


class Seq2Seq(SeededLayer):
    """Recurrent encoder-decoder with one attention mechanism, or none.

    Token ids are (batch, source) and (batch, target), with EOS, then PAD. Every method is a pure function of its
    arguments and the weights.

    Args:
        attention: the mechanism; None for a decoder without context.
        source_vocabulary, target_vocabulary: numbers of ids.
        hidden_size: units of the decoder state.
        annotation_size: units of an annotation, both directions together.
        seed: draws the initial weights.
        model: the remaining sizes and choices, by the names of the `model` configuration group.
        query_time, input_feeding: see `Decoder`.
    """

    def __init__(
        self,
        attention: Attention | None,
        *,
        source_vocabulary: int,
        target_vocabulary: int,
        hidden_size: int,
        annotation_size: int,
        seed: int,
        query_time: str,
        input_feeding: bool,
        embedding_size: int,
        cell: str,
        encoder_layers: int,
        decoder_layers: int,
        bidirectional: bool,
        bridge: str,
        embedding_dropout: float,
        layer_dropout: float,
        readout_dropout: float,
        tied_embeddings: str,
        initial_range: float | None,
    ) -> None:
        super().__init__(name="seq2seq")
        self.source_vocabulary, self.target_vocabulary = source_vocabulary, target_vocabulary
        self.embedding_size, self.annotation_size, self.hidden_size = embedding_size, annotation_size, hidden_size
        self.tied_embeddings = tied_embeddings
        self._embedding_scale = embedding_size**0.5 if initial_range is None else 1.0
        self.encoder = Encoder(
            cell,
            annotation_size,
            layers=encoder_layers,
            bidirectional=bidirectional,
            layer_dropout=layer_dropout,
            name="encoder",
        )
        states = CELLS[cell].states
        self.bridge = BRIDGES[bridge](hidden_size, layers=decoder_layers, states=states, name="bridge")
        self.decoder = Decoder(
            attention,
            cell=cell,
            units=hidden_size,
            layers=decoder_layers,
            readout_units=embedding_size if tied_embeddings != "none" else hidden_size,
            query_time=query_time,
            input_feeding=input_feeding,
            layer_dropout=layer_dropout,
            readout_dropout=readout_dropout,
            name="decoder",
        )
        self._source_dropout = Dropout(embedding_dropout, "source_embedding")
        self._target_dropout = Dropout(embedding_dropout, "target_embedding")
        keras.utils.set_random_seed(seed)
        self.build()
        draw_weights(self, seed, initial_range)

    def build(self) -> None:
        """Creates all weights."""
        limit = self.embedding_size**-0.5
        initializer = keras.initializers.RandomUniform(-limit, limit)

        def table(rows: int, name: str) -> Tensor:
            return self.add_weight((rows, self.embedding_size), initializer, name=name)

        self.target_embedding = table(self.target_vocabulary, "target_embedding")
        shared = self.tied_embeddings == "all"
        self.source_embedding = self.target_embedding if shared else table(self.source_vocabulary, "source_embedding")
        self.encoder.build(self.embedding_size)
        self.bridge.build(self.annotation_size)
        self.decoder.build(self.embedding_size, self.annotation_size)
        if self.tied_embeddings == "none":
            shape = (self.decoder.readout_units, self.target_vocabulary)
            self.output_kernel = self.add_weight(shape, "glorot_uniform", name="output_kernel")
        self.output_bias = self.add_weight((self.target_vocabulary,), "zeros", name="output_bias")
        self.built = True

    @property
    def attention(self) -> Attention | None:
        """The mechanism."""
        return self.decoder.attention

    def flops(self, *, source_tokens: float, target_tokens: float) -> float | None:
        """FLOPs of one sentence pair's forward pass: 2 per multiply-add of matrix products, nothing else.

        The encoder uses each of its kernels once a source token, the bridge once a sentence, the decoder and the output
        layer once a target token. Embeddings are looked up, not multiplied. None where the mechanism does not count its
        own; see `Attention.flops`.
        """
        of_target_token = layer_flops(self.decoder) + 2.0 * self.decoder.readout_units * self.target_vocabulary
        of_attention: float | None = 0.0
        if self.attention is not None:
            of_target_token -= layer_flops(self.attention)  # which is a part of the decoder, and counts for itself
            of_attention = self.attention.flops(source_tokens=source_tokens, target_tokens=target_tokens)
        if of_attention is None:
            return None
        of_source = source_tokens * layer_flops(self.encoder) + layer_flops(self.bridge)
        return of_source + target_tokens * of_target_token + of_attention

    def encode(self, source: Tensor, key: Tensor | None = None) -> Encoded:
        """Encodes source ids (batch, source); `key` (2,) int32 is dropout's, None in inference."""
        mask = ops.not_equal(source, PAD)
        # ids and mask (batch, source) -> embedded (source, batch, embedding) and mask (source, batch, 1)
        embedded = self._source_dropout(self.embed(self.source_embedding, ops.transpose(source)), key)
        annotations, finals = self.encoder.run(embedded, ops.transpose(mask)[:, :, None], key)
        memory = None
        if self.attention is not None:  # annotations (source, batch, units) -> (batch, source, units)
            memory = self.attention.prepare(ops.swapaxes(annotations, 0, 1), mask)
        return Encoded(memory, self.decoder.initial_state(self.bridge.run(finals), memory))

    def teacher_forced(self, source: Tensor, target: Tensor, key: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Predicts every target token from the true ones before it; `key` is that of `encode`.

        Ids (batch, source) and (batch, target) -> logits (target x batch, target vocabulary) and weights (target,
        batch, source), () without attention.
        """
        readouts, weights = self._readouts(source, target, key, return_weights=True)
        return self.logits(readouts), weights

    def _readouts(
        self, source: Tensor, target: Tensor, key: Tensor | None, *, return_weights: bool
    ) -> tuple[Tensor, Tensor]:
        """What the output layer turns into logits, (target x batch, readout units), and weights if asked for."""
        encoded = self.encode(source, key)
        inputs = ops.concatenate([ops.full_like(target[:, :1], BOS), target[:, :-1]], axis=1)
        # (batch, target) -> (target, batch, embedding)
        embedded = self._target_dropout(self.embed(self.target_embedding, ops.transpose(inputs)), key)
        readouts, weights = self.decoder.teacher_forced(
            embedded, encoded.state, encoded.memory, key, return_weights=return_weights
        )
        return ops.reshape(readouts, (-1, self.decoder.readout_units)), weights

    def losses(
        self, source: Tensor, target: Tensor, key: Tensor | None = None, *, smoothing: float = 0.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Cross-entropy over the tokens of a batch.

        Returns:
            The smoothed sum that training minimises, the plain sum, both in nats, and the number of target tokens.
        """
        readouts, _ = self._readouts(source, target, key, return_weights=False)
        truth = ops.reshape(ops.transpose(target), (-1,))  # (batch, target) -> (target x batch,), as the readouts
        readouts, truth = backend.rows_where(ops.not_equal(truth, PAD), readouts, truth)
        smoothed, plain = backend.cross_entropy(self.logits(readouts), truth, smoothing=smoothing)
        counted = ops.cast(ops.not_equal(truth, PAD), smoothed.dtype)
        return ops.sum(smoothed * counted), ops.sum(plain * counted), ops.sum(counted)

    def step(
        self, tokens: Tensor, state: DecoderState, memory: Memory | None, *, hypotheses: int = 1
    ) -> tuple[Tensor, Tensor, DecoderState]:
        """One target position in decoding.

        Several hypotheses of a sentence share its memory: there are then `hypotheses` x batch rows, a batch for each.

        Args:
            tokens: the tokens before it, (rows,).
            state: from `encode` or the position before.
            memory: from `encode`, a row for each sentence.
            hypotheses: rows of a sentence.

        Returns:
            logits (rows, target vocabulary), weights (rows, source) (() without attention), and the new state.
        """
        projected = self.decoder.project(self.embed(self.target_embedding, tokens))
        hidden, context, weights, state = self.decoder.position(projected, state, memory, hypotheses=hypotheses)
        readout = state.previous_readout if self.decoder.input_feeding else self.decoder.readout(hidden, context)
        return self.logits(readout), weights, state

    def logits(self, readouts: Tensor) -> Tensor:
        """The output layer: (rows, readout units) -> (rows, target vocabulary)."""
        kernel = self.output_kernel.value if self.tied_embeddings == "none" else ops.transpose(self.target_embedding)
        return backend.product(readouts, kernel) + ops.cast(self.output_bias, readouts.dtype)

    def embed(self, table: Tensor, ids: Tensor) -> Tensor:
        """Rows of `table` for `ids`; without `initial_range` times √embedding_size (Vaswani et al. 2017, section 3.4).

        The numbers in the table are then small compared with what the optimiser adds: rare words learn fast.
        """
        return ops.cast(ops.take(table, ids, axis=0), self.compute_dtype) * self._embedding_scale
