import hashlib
from collections import Counter
from collections.abc import Callable

import pytest

from attnbench.config import DataConfig
from attnbench.data import check, digests, load
from attnbench.data.corpus import Split
from attnbench.data.generated import GENERATOR_VERSION
from tests.data.refusal import refusal

SMALL = {"train_pairs": 200, "valid_pairs": 30, "test_pairs": 60}
NAMES = ["grammar", "copy", "reverse", "sort"]


def texts(split: Split) -> list[tuple[str, str]]:
    return list(zip(split.text.source, split.text.target, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_test_set_is_the_same_under_every_limit(name: str, configured: Callable[..., DataConfig]) -> None:
    short, long = (load(configured(name, options=SMALL), sequence_length=limit) for limit in (7, 30))
    assert texts(short.test) == texts(long.test)
    assert texts(short.valid) == texts(long.valid)
    assert short.source_vocabulary.to_dict() == long.source_vocabulary.to_dict()
    assert texts(short.train) != texts(long.train)


TEXTS = {
    1: {
        "grammar": "6c6ade038fbf4800",
        "copy": "817e29c0cced0f9d",
        "reverse": "7f1a1d0142e80ce1",
        "sort": "cb310b1856ad2193",
    },
}
"""The first digits of a sha256 over all text of a data set, by version of the generator: no other text is version 1."""


@pytest.mark.parametrize("name", NAMES)
def test_the_same_version_of_the_generator_makes_the_same_text(
    name: str, configured: Callable[..., DataConfig]
) -> None:
    dataset = load(configured(name, options=SMALL), sequence_length=20)
    written = repr([texts(split) for split in (dataset.train, dataset.valid, dataset.test)])
    assert hashlib.sha256(written.encode()).hexdigest()[:16] == TEXTS[GENERATOR_VERSION][name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("limit", [5, 13, 90])
def test_as_many_training_pairs_are_made_at_every_limit_and_none_is_in_the_test_set(
    name: str, limit: int, configured: Callable[..., DataConfig]
) -> None:
    dataset = load(configured(name, options=SMALL), sequence_length=limit)
    assert len(dataset.train) == 200
    assert dataset.left_out_pairs == dataset.skipped_pairs == 0
    assert max(dataset.train.source.lengths.max(), dataset.train.target.lengths.max()) <= limit
    held_out = set(dataset.test.text.source) | set(dataset.valid.text.source)
    assert len(held_out) == 90
    assert not held_out & set(dataset.train.text.source)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_makes_the_same_text_and_another_seed_another(
    name: str, configured: Callable[..., DataConfig]
) -> None:
    made = [load(configured(name, options=SMALL, seed=seed), sequence_length=9) for seed in (1, 1, 2)]
    assert texts(made[0].train) == texts(made[1].train)
    assert texts(made[0].test) == texts(made[1].test)
    assert texts(made[0].test) != texts(made[2].test)


@pytest.mark.parametrize("name", NAMES)
def test_half_of_the_test_set_is_short_and_every_ten_lengths_have_sixty_sentences(
    name: str, configured: Callable[..., DataConfig]
) -> None:
    dataset = load(configured(name, options={"train_pairs": 1}), sequence_length=20)
    lengths = dataset.test.source.lengths
    assert len(lengths) == 1000
    assert (lengths <= 20).sum() == 500
    assert (lengths.min(), lengths.max()) == (5, 60)
    assert min(Counter((lengths - 1) // 10).values()) >= 60
    assert sorted(set((lengths - 1) // 10)) == list(range(6))


@pytest.mark.parametrize("name", NAMES)
def test_every_word_is_known_and_every_test_pair_has_links(name: str, configured: Callable[..., DataConfig]) -> None:
    dataset = load(configured(name, options=SMALL), sequence_length=20)
    assert dataset.alignment is not None
    assert texts(dataset.alignment) == texts(dataset.test)
    assert dataset.test.text.links is not None
    for row, links in enumerate(dataset.test.text.links):
        assert dataset.source_vocabulary.decode(dataset.test.source[row]) == dataset.test.text.source[row]
        assert dataset.target_vocabulary.decode(dataset.test.target[row]) == dataset.test.text.target[row]
        assert {j for _, j in links.sure} == set(range(dataset.test.target.lengths[row]))


def test_a_short_sentence_of_the_test_set_is_as_likely_early_as_late(configured: Callable[..., DataConfig]) -> None:
    """The first sentences serve as a sample, so the order must not follow the length."""
    lengths = load(configured("copy", options={"train_pairs": 1}), sequence_length=20).test.source.lengths
    assert 75 <= (lengths[:200] <= 20).sum() <= 125


@pytest.mark.parametrize("name", ["copy", "reverse", "sort"])
def test_symbols_are_copied_reversed_or_sorted(name: str, configured: Callable[..., DataConfig]) -> None:
    dataset = load(configured(name, options=SMALL), sequence_length=20)
    assert dataset.test.text.links is not None
    order: Callable[[list[str]], list[str]] = {
        "copy": list,
        "reverse": lambda words: words[::-1],
        "sort": lambda words: sorted(words),
    }[name]
    for (source, target), links in zip(texts(dataset.test), dataset.test.text.links, strict=True):
        assert target.split() == order(source.split())
        assert sorted(i for i, _ in links.sure) == list(range(len(source.split())))
        assert all(source.split()[i] == target.split()[j] for i, j in links.sure)


def test_equal_symbols_keep_their_order_when_sorted(configured: Callable[..., DataConfig]) -> None:
    options = SMALL | {"alphabet": 3, "shortest": 9, "middle": 12, "longest": 15}
    dataset = load(configured("sort", options=options), sequence_length=20)
    assert dataset.test.text.links is not None
    for (_, target), links in zip(texts(dataset.test), dataset.test.text.links, strict=True):
        positions = [i for i, _ in sorted(links.sure, key=lambda link: link[1])]
        words = target.split()
        for j in range(1, len(words)):
            assert words[j - 1] < words[j] or positions[j - 1] < positions[j]


def test_more_symbols_than_letters_get_two_letters(configured: Callable[..., DataConfig]) -> None:
    dataset = load(configured("copy", options=SMALL | {"alphabet": 29}), sequence_length=20)
    assert dataset.source_vocabulary.pieces([4, 29, 30, 31, 32]) == ["a", "z", "aa", "ab", "ac"]


def test_the_digest_follows_the_options_and_the_seed(configured: Callable[..., DataConfig]) -> None:
    received = [
        digests(configured(name, options=options, seed=seed))["generator"]
        for name, options, seed in [("copy", {}, 1), ("copy", {}, 2), ("copy", {"longest": 61}, 1), ("sort", {}, 1)]
    ]
    assert len(set(received)) == 4
    assert received[0] == digests(configured("copy"))["generator"]


def test_a_limit_below_the_shortest_sentence_is_refused(configured: Callable[..., DataConfig]) -> None:
    message = (
        "sequence_length=4 leaves no training sentence: the shortest has 5 tokens. "
        "Use sequence_length=5 or more, or a smaller data.options.shortest."
    )
    assert refusal(check, configured("grammar"), sequence_length=4) == message
    assert refusal(load, configured("grammar"), sequence_length=4) == message


def test_too_few_different_sentences_to_hold_out_are_refused(configured: Callable[..., DataConfig]) -> None:
    options = SMALL | {"alphabet": 2, "shortest": 1, "middle": 2, "longest": 3}
    assert refusal(load, configured("copy", options=options), sequence_length=3) == (
        "There are too few different sentences of 1 tokens to hold out from training. Use fewer pairs, more words or "
        "longer sentences (data.options), or a larger sequence_length."
    )


def test_too_few_training_sentences_under_the_limit_are_refused(configured: Callable[..., DataConfig]) -> None:
    """Three symbols give three sentences of one token: two are in the test set and one in the validation set."""
    options = {"train_pairs": 5, "valid_pairs": 1, "test_pairs": 4, "alphabet": 3}
    options |= {"shortest": 1, "middle": 1, "longest": 5}
    assert refusal(load, configured("copy", options=options), sequence_length=1) == (
        "There are too few training sentences of at most 1 tokens outside the test and validation sets. "
        "Use fewer pairs, more words or longer sentences (data.options), or a larger sequence_length."
    )


def test_lengths_out_of_order_are_refused(configured: Callable[..., DataConfig]) -> None:
    assert refusal(check, configured("grammar", options={"middle": 4})) == (
        "data.options must satisfy shortest <= middle <= longest, received shortest=5, middle=4, longest=60."
    )


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("grammar", {"train_pairs": 0}, "data.options.train_pairs must be positive, received 0. "),
        ("grammar", {"nouns": -1}, "data.options.nouns must be positive, received -1. "),
        ("copy", {"alphabet": 0}, "data.options.alphabet must be positive, received 0. "),
    ],
)
def test_sizes_that_are_not_positive_are_refused(
    name: str, options: dict[str, int], message: str, configured: Callable[..., DataConfig]
) -> None:
    assert refusal(check, configured(name, options=options)) == message + "Give a value greater than 0."


def test_unknown_options_tasks_and_languages_are_refused_with_the_nearest(
    configured: Callable[..., DataConfig],
) -> None:
    assert refusal(check, configured("grammar", options={"longst": 9})) == (
        "Unknown option 'data.options.longst'. Did you mean 'longest'?"
    )
    assert refusal(check, configured("sort", options={"task": "revers"})) == (
        "Unknown data.options.task 'revers'. Known: copy, reverse, sort. Did you mean 'reverse'?"
    )
    assert refusal(check, configured("grammar", source_language="german")) == (
        "Unknown data.source_language 'german'. Known: source."
    )


def test_subwords_of_generated_words_are_refused(configured: Callable[..., DataConfig]) -> None:
    assert refusal(check, configured("grammar", subwords={"kind": "sentencepiece"})) == (
        "The words of grammar are its tokens, but data.subwords.kind=sentencepiece. Use data.subwords.kind=words."
    )


def test_one_vocabulary_for_generated_words_is_refused(configured: Callable[..., DataConfig]) -> None:
    assert refusal(check, configured("grammar", subwords={"joint": True})) == (
        "Each side of grammar has its own words, but data.subwords.joint=true. Use data.subwords.joint=false."
    )
