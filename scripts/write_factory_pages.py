"""Writes the reference pages of ``docs/factory`` from the declarations of activities, linked services and datasets."""

from __future__ import annotations

from tree import ROOT

from restudio.factory.activity import collect_activities
from restudio.factory.dataset import all_datasets
from restudio.factory.linked_service import all_linked_services
from restudio.factory.pages import activities_page, datasets_page, linked_services_page

PAGES = {
    "activities": activities_page(collect_activities()),
    "linked-services": linked_services_page(all_linked_services()),
    "datasets": datasets_page(all_datasets()),
}

if __name__ == "__main__":
    for name, text in PAGES.items():
        (ROOT / "docs" / "factory" / f"{name}.md").write_text(text, encoding="utf-8")
