import gzip
from pathlib import Path

import pytest

from attnbench.data.corpus import Links
from attnbench.data.text import decode_lines, read_lines, read_links, read_text
from tests.data.refusal import refusal

PATH = Path("text.de")


def test_lines_end_at_line_feeds_alone() -> None:
    content = "a\u2028b \u0085c\r\n\r d \n\x0be\n".encode()
    assert decode_lines(content, PATH) == ["a\u2028b \u0085c", "\r d ", "\x0be"]


def test_the_last_line_needs_no_line_feed_and_an_empty_line_is_a_line() -> None:
    assert decode_lines(b"a\n\nb", PATH) == ["a", "", "b"]


def test_a_byte_order_mark_is_not_text() -> None:
    assert decode_lines("\ufeffa\n".encode(), PATH) == ["a"]


def test_plain_and_compressed_text_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text\n")
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"text\n"))
    assert read_text(tmp_path / "a") == read_text(tmp_path / "a.gz") == b"text\n"
    assert read_lines(tmp_path / "a") == read_lines(tmp_path / "a.gz") == ["text"]


def test_text_that_is_not_utf_8_is_refused_with_its_line() -> None:
    assert refusal(decode_lines, "gut\nschön\n".encode("latin-1"), PATH) == (
        "text.de is not UTF-8: line 2 holds the byte 0xf6. Convert it, for example with iconv -t UTF-8."
    )


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"], ids=["nothing", "byte order mark"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    assert refusal(decode_lines, content, PATH) == "text.de is empty. Expected one sentence a line."


def test_a_cut_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"text\n" * 99)[:-9])
    assert refusal(read_text, path) == (
        f"{path} is not a complete gzip file: Compressed file ended before the end-of-stream marker was reached. "
        "Copy or download it again."
    )


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert refusal(read_text, tmp_path / "absent") == (
        f"Cannot read {tmp_path / 'absent'}: No such file or directory. Give a readable text file."
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gold.align"


def test_links_are_sure_or_possible(path: Path) -> None:
    path.write_text("0-0 1?2\n\n3-1 \n")
    assert read_links(path, ["a b", "a", "a b c d"], ["x y z", "x", "x y"], transposed=False) == [
        Links(frozenset({(0, 0)}), frozenset({(0, 0), (1, 2)})),
        Links(frozenset(), frozenset()),
        Links(frozenset({(3, 1)}), frozenset()),
    ]


def test_links_can_name_the_target_word_first(path: Path) -> None:
    path.write_text("3-1 0?2\n")
    assert read_links(path, ["a b c"], ["w x y z"], transposed=True) == [
        Links(frozenset({(1, 3)}), frozenset({(2, 0)}))
    ]


@pytest.mark.parametrize("link", ["1:2", "1-", "a-b", "1-2-3", "-1-2"])
def test_a_malformed_link_is_refused_with_its_line(link: str, path: Path) -> None:
    path.write_text(f"0-0\n1-1 {link}\n")
    assert (
        refusal(read_links, path, ["a", "a b"], ["x", "x y"], transposed=False)
        == f"{path}, line 2: {link!r} is not a link. Expected i-j (sure) or i?j (possible)."
    )


@pytest.mark.parametrize(("link", "transposed"), [("1-2", False), ("2-1", True)])
def test_a_link_outside_its_sentence_is_refused(link: str, transposed: bool, path: Path) -> None:
    path.write_text(f"0-0\n{link}\n")
    assert refusal(read_links, path, ["a", "a b"], ["x", "x y"], transposed=transposed) == (
        f"{path}, line 2: source word 1 is linked to target word 2, but the pair has 2 source and 2 target words. "
        "Indices count from 0."
    )
