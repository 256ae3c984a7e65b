"""What tells of memory that ran out."""

import pytest

from attnbench.records.status import is_out_of_memory


@pytest.mark.parametrize(
    "text",
    [
        "MemoryError: Unable to allocate 64. GiB for an array",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "ResourceExhaustedError: {{function_node __wrapped__MatMul}} OOM when allocating tensor with shape[11,13]",
        "XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 7 bytes.",
    ],
)
def test_failed_allocations_are_out_of_memory(text: str) -> None:
    assert is_out_of_memory(text)


def test_another_error_is_not() -> None:
    assert not is_out_of_memory("ValueError: The memory layout (2, 3) does not fit. Room for more.")
