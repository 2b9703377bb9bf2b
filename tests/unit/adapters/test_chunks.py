from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.chunks import ChunkReader


@given(st.lists(st.binary(max_size=9)), st.integers(min_value=1, max_value=7))
def test_what_is_read_is_what_was_given(chunks: list[bytes], size: int) -> None:
    reader = ChunkReader(chunks)
    parts = []
    while part := reader.read(size):
        parts.append(part)
        assert reader.tell() == sum(map(len, parts))
    assert b"".join(parts) == b"".join(chunks)
    assert all(len(part) == size for part in parts[:-1])


def test_everything_at_once() -> None:
    assert ChunkReader([b"a", b"", b"bc"]).read() == b"abc"
