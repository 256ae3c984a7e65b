"""Attention mechanisms for recurrent sequence-to-sequence models.

Papers' symbols, once for the whole package:

    here          Bahdanau et al. 2015    Luong et al. 2015    shape
    values        h_j (annotations)       h̄_s                  (batch, source, units)
    keys          U_a h_j                 h̄_s, or W_a h̄_s      (batch, source, attention units)
    query         s_{t-1}                 h_t                  (batch, [target,] query units)
    scores        e_tj                    score(h_t, h̄_s)      (batch, [target,] source)
    weights       α_tj                    a_t(s)               (batch, [target,] source)
    context       c_t                     c_t                  (batch, [target,] units)
    query_kernel  W_a                     -                    (query units, attention units)
    key_kernel    U_a                     W_a                  (units, attention units)
    score_vector  v_a                     -                    (attention units,)
"""

from attnbench.attention.building import build
from attnbench.attention.mechanism import Attention, Memory

__all__ = ["Attention", "Memory", "build"]
