"""The one recurrent sequence-to-sequence model that every mechanism is compared in.

Two orders of axes meet here. Whoever calls the model, and a mechanism's memory, have the batch first; what loops run
along has time first, because loops run along the leading axis.

    batch first    ids (batch, source) and (batch, target); mask (batch, source); keys and values of a memory
                   (batch, source, units); at one target position query, context (batch, units), weights (batch, source)
    time first     embedded tokens (source or target, batch, embedding); annotations as the encoder reads them
                   (source, batch, units); over all target positions queries, contexts, readouts (target, batch, units)
                   and weights (target, batch, source); logits (target x batch, target vocabulary)

`Seq2Seq` turns ids to time first and annotations to batch first; `Attention.attend_all` takes queries time first.
"""

from attnbench.model.decoder import DecoderState
from attnbench.model.seq2seq import Encoded, Seq2Seq

__all__ = ["DecoderState", "Encoded", "Seq2Seq"]
