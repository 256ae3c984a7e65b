"""The shared model in PyTorch, as its users write it: `nn.GRU`, batched attention, a `GRUCell` loop.

Same weights, same mathematics, so that a ratio of times compares implementations and nothing else;
tests/experiments/benchmarks/test_peers.py holds losses and gradients of both equal.
"""

from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attnbench.special_tokens import BOS, PAD


class Reference(nn.Module):
    """Bidirectional GRU encoder, dense bridge, GRU decoder, attention, readout, output layer.

    Args:
        score: none, dot, general or additive.
        query_time: previous or current.
        input_feeding: whether the previous readout is an input of the decoder RNN.
        source_vocabulary: number of source ids.
        target_vocabulary: number of target ids.
        embedding_size: units of an embedded token.
        hidden_size: units of the decoder state, of an annotation and of the score's hidden layer.
        embedding_dropout: of embedded units.
        readout_dropout: before the output layer.
        scaled_embeddings: embedded tokens are multiplied by √embedding_size.
    """

    def __init__(
        self,
        *,
        score: str,
        query_time: str,
        input_feeding: bool,
        source_vocabulary: int,
        target_vocabulary: int,
        embedding_size: int,
        hidden_size: int,
        embedding_dropout: float,
        readout_dropout: float,
        scaled_embeddings: bool,
    ) -> None:
        super().__init__()
        self._scale = embedding_size**0.5 if scaled_embeddings else 1.0
        self.score, self.input_feeding, self.hidden_size = score, input_feeding, hidden_size
        self.queries_previous = query_time == "previous" and score != "none"
        self.source_embedding = nn.Embedding(source_vocabulary, embedding_size)
        self.target_embedding = nn.Embedding(target_vocabulary, embedding_size)
        self.encoder = nn.GRU(embedding_size, hidden_size // 2, bidirectional=True, batch_first=True)
        self.bridge = nn.Linear(hidden_size, hidden_size)
        inputs = embedding_size + hidden_size * (self.queries_previous + input_feeding)
        if self.needs_step_loop:
            self.cell = nn.GRUCell(inputs, hidden_size)
        else:
            self.decoder = nn.GRU(inputs, hidden_size, batch_first=True)
        if score in ("general", "additive"):
            self.keys = nn.Linear(hidden_size, hidden_size, bias=False)
        if score == "additive":
            self.query = nn.Linear(hidden_size, hidden_size, bias=False)
            self.vector = nn.Linear(hidden_size, 1, bias=False)
        self.readout = nn.Linear(hidden_size * (1 if score == "none" else 2), hidden_size)
        self.output = nn.Linear(hidden_size, target_vocabulary)
        self.dropped_embedding, self.dropped_readout = nn.Dropout(embedding_dropout), nn.Dropout(readout_dropout)

    @property
    def needs_step_loop(self) -> bool:
        """Whether attention is inside the decoder's loop."""
        return self.queries_previous or self.input_feeding

    def encode(self, source: torch.Tensor) -> tuple[Any, torch.Tensor]:
        """(batch, source) ids -> (keys, values, mask), None without attention, and the first state (batch, units)."""
        mask = source != PAD
        lengths = mask.sum(1).clamp(min=1).cpu()
        embedded = self.dropped_embedding(self.embed(self.source_embedding, source))
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        annotations, last = self.encoder(packed)
        values, _ = pad_packed_sequence(annotations, batch_first=True, total_length=source.shape[1])
        state = torch.tanh(self.bridge(torch.cat((last[0], last[1]), -1)))
        if self.score == "none":
            return None, state
        keys = values if self.score == "dot" else self.keys(values)
        return (keys, values, mask), state

    def embed(self, table: nn.Embedding, ids: torch.Tensor) -> torch.Tensor:
        """Scaled rows of `table`."""
        return table(ids) * self._scale

    def attend(self, queries: torch.Tensor, memory: Any) -> torch.Tensor:
        """(batch, target, units) -> contexts of the same shape; one target position for the additive score."""
        keys, values, mask = memory
        if self.score == "additive":
            scores = self.vector(torch.tanh(self.query(queries) + keys)).transpose(1, 2)
        else:
            scores = queries @ keys.transpose(1, 2)
        weights = torch.softmax(scores.masked_fill(~mask[:, None, :], float("-inf")), -1)
        return weights @ values

    def read(self, hidden: torch.Tensor, context: torch.Tensor | None) -> torch.Tensor:
        """The readout, with dropout."""
        parts = hidden if context is None else torch.cat((hidden, context), -1)
        return self.dropped_readout(torch.tanh(self.readout(parts)))

    def position(self, embedded: torch.Tensor, state: torch.Tensor, previous_readout: torch.Tensor, memory: Any) -> Any:
        """One target position of the step loop: new state, context, and readout (None without input feeding)."""
        inputs, context, readout = [embedded], None, None
        if self.queries_previous:
            context = self.attend(state[:, None], memory)[:, 0]
            inputs.append(context)
        if self.input_feeding:
            inputs.append(previous_readout)
        state = self.cell(torch.cat(inputs, -1), state)
        if memory is not None and not self.queries_previous:
            context = self.attend(state[:, None], memory)[:, 0]
        if self.input_feeding:
            readout = self.read(state, context)
        return state, context, readout

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Teacher-forced logits, (batch, target, target vocabulary)."""
        memory, state = self.encode(source)
        begin = torch.full_like(target[:, :1], BOS)
        embedded = self.dropped_embedding(self.embed(self.target_embedding, torch.cat((begin, target[:, :-1]), 1)))
        if self.needs_step_loop:
            return self.output(self._stepwise(embedded, state, memory))
        hidden, _ = self.decoder(embedded, state[None].contiguous())
        context = None if memory is None else self.attend(hidden, memory)
        return self.output(self.read(hidden, context))

    def _stepwise(self, embedded: torch.Tensor, state: torch.Tensor, memory: Any) -> torch.Tensor:
        previous_readout = torch.zeros_like(state)
        states, contexts, readouts = [], [], []
        for each in embedded.unbind(1):
            state, context, previous_readout = self.position(each, state, previous_readout, memory)
            states.append(state)
            contexts.append(context)
            readouts.append(previous_readout)
        if self.input_feeding:
            return torch.stack(readouts, 1)
        return self.read(torch.stack(states, 1), torch.stack(contexts, 1))

    def loss(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy of the target tokens, in nats."""
        logits = self(source, target)
        return cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD)
