"""Scores of finished translations: BLEU and chrF, behaviour by length, word alignments, intervals and tests."""
