from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.blobs.listing import decode_marker, page
from restudio.blobs.types import Blob, BlobPath
from restudio.core.errors import RestudioError

names = st.lists(st.text("ab/é", min_size=1, max_size=6), unique=True, max_size=25)


@given(names, st.sampled_from(["", "a", "a/"]), st.sampled_from(["", "/"]), st.integers(1, 7))
def test_pages_together_are_the_whole_listing(names: list[str], prefix: str, delimiter: str, limit: int) -> None:
    below = sorted(n for n in names if n.startswith(prefix))

    def fetch(start: str, count: int) -> Sequence[Blob]:
        return [Blob(BlobPath("a", "c", n), 0, "", 0, 0) for n in below if n >= start][:count]

    blobs: list[str] = []
    prefixes: list[str] = []
    marker = ""
    while True:
        got = page(fetch, prefix, delimiter, marker, limit)
        assert len(got.blobs) + len(got.prefixes) <= limit
        blobs += [b.path.name for b in got.blobs]
        prefixes += got.prefixes
        marker = got.next_marker
        if not marker:
            break
    rest = [n.removeprefix(prefix) for n in below]
    grouped = [r for r in rest if delimiter and delimiter in r]
    assert blobs == [prefix + r for r in rest if r not in grouped]
    assert prefixes == sorted({prefix + r.partition("/")[0] + "/" for r in grouped})


@pytest.mark.parametrize("marker", ["%", "!!!!", "/w=="])
def test_a_foreign_marker_is_refused(marker: str) -> None:
    with pytest.raises(RestudioError, match="marker"):
        decode_marker(marker)
