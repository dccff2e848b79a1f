from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from restudio.modules.silence import without


class _Noise(UserWarning):
    pass


def test_a_warning_is_silent_inside_and_told_after() -> None:
    with without(_Noise):
        warnings.warn("unheard", _Noise, stacklevel=1)
    with pytest.warns(_Noise, match="heard"):
        warnings.warn("heard", _Noise, stacklevel=1)


def test_others_are_told_inside() -> None:
    with without(_Noise), pytest.raises(DeprecationWarning):
        warnings.warn("old", DeprecationWarning, stacklevel=1)


def test_threads_that_overlap_do_not_end_each_others_silence() -> None:
    filters = list(warnings.filters)
    entered, left = Barrier(2), Barrier(2)

    def first() -> None:
        with without(_Noise):
            entered.wait(10)
        left.wait(10)

    def longer() -> None:
        with without(_Noise):
            entered.wait(10)
            left.wait(10)
            warnings.warn("unheard", _Noise, stacklevel=1)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(first), pool.submit(longer)]:
            done.result(20)
    assert list(warnings.filters) == filters
