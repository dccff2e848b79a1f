"""Entry of the child processes that run modules: builds the catalog and serves executions until told to stop."""

from __future__ import annotations

from restudio.app.objects import open_objects
from restudio.core.registry import Registry
from restudio.engine import child

PACKAGES = ("restudio.modules",)


def main() -> None:
    child.serve(Registry.collect(*PACKAGES), lambda location: open_objects(location["url"]))


if __name__ == "__main__":
    main()
