from __future__ import annotations

import pytest

from restudio.core.errors import RestudioError
from restudio.experiments.rules import ensure_title, model_name, part_name, predictive_title


def test_names_of_what_is_saved() -> None:
    assert predictive_title("Adult") == "Adult [Predictive Exp.]"
    assert model_name("A/B: test") == "A_B_ test [trained model]"
    assert part_name("Adult", ("clean?", "Cleaned dataset")) == "Adult [clean_ Cleaned dataset]"


@pytest.mark.parametrize("title", ["", "  ", "x" * 201])
def test_titles_that_are_refused(title: str) -> None:
    with pytest.raises(RestudioError, match="1 to 200 characters"):
        ensure_title(title)
