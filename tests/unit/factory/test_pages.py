"""The reference pages are those of the declarations."""

from __future__ import annotations

from pathlib import Path

import pytest

from restudio.factory.activity import collect_activities
from restudio.factory.dataset import all_datasets
from restudio.factory.linked_service import all_linked_services
from restudio.factory.pages import activities_page, datasets_page, linked_services_page

DOCS = Path(__file__).parents[3] / "docs" / "factory"
PAGES = {
    "activities": activities_page(collect_activities()),
    "linked-services": linked_services_page(all_linked_services()),
    "datasets": datasets_page(all_datasets()),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_that_of_the_declarations(name: str) -> None:
    written = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert written == PAGES[name], "run scripts/write_factory_pages.py"


def test_everything_is_explained() -> None:
    for activity in collect_activities().values():
        assert activity.spec.help, activity.spec.type
        assert all(each.help for each in activity.spec.properties), activity.spec.type
    for dataset in all_datasets().values():
        assert dataset.help, dataset.type
        assert all(each.help for each in dataset.properties), dataset.type
