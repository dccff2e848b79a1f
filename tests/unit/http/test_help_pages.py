"""Help pages show the right addresses, the real schema, and programs that parse."""

from __future__ import annotations

import ast
import json
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from restudio.core.schema import Column, DType, Schema
from restudio.endpoints.description import ServiceDescription, TablePort
from restudio.http.help_pages import PAGES, Page, render, samples

INPUT = Schema.of([Column("age", DType.INTEGER), Column('it\'s "odd" \\ é', DType.STRING, categories=("a", "b"))])
OUTPUT = Schema.of([Column("Scored Labels", DType.STRING), Column("Scored Probabilities", DType.DOUBLE)])
ROOT = "http://127.0.0.1:8000"


@pytest.fixture
def service() -> ServiceDescription:
    return ServiceDescription(
        title="Churn <b> [Predictive Exp.]",
        kind="predictive",
        endpoint="endpoint2",
        api_location=f"{ROOT}/workspaces/9a/services/c4",
        update_location=f"{ROOT}/workspaces/9a/webservices/3f/endpoints/endpoint2",
        help_location=f"{ROOT}/apihelp/workspaces/9a/webservices/3f/endpoints/c4",
        updated="2016-03-02T09:15:44Z",
        inputs=(TablePort("input1", INPUT, ((41, 'say "hi"'), (None, "it's"))),),
        outputs=(TablePort("output1", OUTPUT),),
        resources=("Churn [trained model]",),
    )


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.blocks: dict[str, str] = {}
        self._block: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "pre":
            self._block = dict(attrs).get("id")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._block = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._block:
            self.blocks[self._block] = self.blocks.get(self._block, "") + data


def _read(html: str) -> _Text:
    parser = _Text()
    parser.feed(html)
    assert parser.open == []
    return parser


@pytest.mark.parametrize("page", list(PAGES))
def test_pages_are_well_formed_and_escape_names(service: ServiceDescription, page: Page) -> None:
    html = render(service, page)
    assert _read(html).text.count("Churn <b>") >= 1
    assert "<b>" not in html


def test_score_page_names_address_and_columns(service: ServiceDescription) -> None:
    page = _read(render(service, "/score"))
    assert "Request Response API Documentation for Churn" in page.text
    assert f"{service.api_location}/execute?api-version=2.0&details=true" in page.text
    assert INPUT.names[1] in page.text
    assert set(page.blocks) == {"code-snippet-csharp", "code-snippet-python", "code-snippet-r", "code-snippet-curl"}


@pytest.mark.parametrize("page", ["/score", "/jobs", "/update"])
def test_python_and_shell_samples_parse(service: ServiceDescription, page: Page) -> None:
    code = {s.id: s.code for s in samples(service, page)}
    ast.parse(code["python"])
    subprocess.run(["bash", "-n"], input=code["curl"].encode(), check=True)
    body = code["curl"].split("<<'JSON'", 1)[1].split("\n", 1)[1].split("\nJSON", 1)[0]
    assert isinstance(json.loads(body), dict)


def test_sample_bodies_survive_quoting(service: ServiceDescription) -> None:
    code = {s.id: s.code for s in samples(service, "/score")}
    tree = ast.parse(code["python"])
    [literal] = [
        n.args[0].value
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "loads"
        if isinstance(n.args[0], ast.Constant)
    ]
    values = json.loads(str(literal))["Inputs"]["input1"]
    assert values == {"ColumnNames": list(INPUT.names), "Values": [[41, 'say "hi"'], [None, "it's"]]}
    assert 'say \\""hi\\""' in code["csharp"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "training", "resources": ()}, "training web service"),
        ({"is_default": True}, "default endpoint follows its experiment"),
        ({"resources": ()}, "no saved trained model"),
        ({"prevents_update": True}, "PreventUpdate"),
    ],
)
def test_update_page_tells_why_nothing_is_updatable(
    service: ServiceDescription, changes: dict[str, object], reason: str
) -> None:
    html = render(replace(service, **changes), "/update")  # type: ignore[arg-type]
    assert "no updatable resources" in html
    assert reason in html
    assert "code-snippet-python" not in html


def test_update_page_of_the_default_endpoint_shows_how_to_add_one(service: ServiceDescription) -> None:
    page = _read(render(replace(service, is_default=True), "/update"))
    assert f"{ROOT}/workspaces/9a/webservices/3f/endpoints/endpoint2" in page.text
    assert "EndpointName" in page.text


def test_training_service_offers_batch_execution_only(service: ServiceDescription) -> None:
    training = replace(service, kind="training", outputs=(), models=("output1",))
    assert "only batch execution" in _read(render(training, "/score")).text
    assert "output1results.ilearner" in render(training, "/jobs")
