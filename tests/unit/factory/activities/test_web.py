"""WebActivity, WebHook, AzureFunctionActivity, and files over HTTP, against real servers on this machine."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.unit.factory.activities.test_copy import content, copy, csv_data, location
from tests.unit.factory.small_factory import SmallFactory, reference

from restudio.core.errors import RestudioError
from restudio.factory.activity import Output
from restudio.factory.callbacks import PATH, Callbacks
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json
from restudio.seams.engine import Cancelled
from restudio.storage.clock import SystemClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets


@dataclass
class Site:
    """Answers by path; remembers what it was asked."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)
    on_post: Callable[[dict[str, Any]], None] | None = None

    def answer(self, path: str, *answers: tuple[int, dict[str, str], bytes]) -> str:
        """The last answer is given again and again."""
        self.answers[path] = list(answers)
        return self.url + path


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.asked.append((self.command, self.path, headers, body))
            if made.on_post is not None and self.command == "POST":
                made.on_post(json.loads(body))
            known = made.answers.get(self.path, [(404, {}, b"nothing here")])
            status, sent, content = known.pop(0) if len(known) > 1 else known[0]
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **sent}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _reply  # noqa: N815  # the library finds methods by these names

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def web(url: str, method: str = "GET", **more: Json) -> dict[str, Json]:
    return {"name": "Web", "type": "WebActivity", "typeProperties": {"url": url, "method": method, **more}}


def test_members_of_the_answer_are_the_output(factory: SmallFactory, site: Site) -> None:
    headers = {"x-told": "yes", "set-cookie": "hidden"}
    url = site.answer("/a?b=1", (200, headers, b'{"name": "x", "list": [1]}'))
    output = factory.run(web(url, "post", body={"k": [1, "ä"]}, headers={"X-Key": "v", "Host": "evil"}))
    assert (output["name"], output["list"]) == ("x", [1])
    assert output["ADFWebActivityResponseHeaders"]["x-told"] == "yes"
    assert "hidden" not in str(output)
    [(method, path, sent, body)] = site.asked
    assert (method, path, json.loads(body)) == ("POST", "/a?b=1", {"k": [1, "ä"]})
    assert (sent["x-key"], sent["content-type"], sent["host"]) == ("v", "application/json", site.url[7:])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"plain", {"Response": "plain"}),
        (b"[1, 2]", {"Response": [1, 2]}),
        (b"", {}),
        (b"\xff", {"Response": "\ufffd"}),
    ],
)
def test_answers_that_are_no_objects(factory: SmallFactory, site: Site, body: bytes, expected: dict[str, Json]) -> None:
    output = factory.run(web(site.answer("/", (200, {}, body))))
    assert {name: value for name, value in output.items() if name == "Response"} == expected


def test_credentials(factory: SmallFactory, site: Site) -> None:
    url = site.answer("/", (200, {}, b"{}"))
    password = {"type": "SecureString", "value": "pass"}
    factory.run(web(url, authentication={"type": "Basic", "username": "user", "password": password}))
    assert site.asked[-1][2]["authorization"] == "Basic dXNlcjpwYXNz"
    site.answer("/tenant/oauth2/token", (200, {}, b'{"access_token": "t0k"}'))
    principal = {"type": "ServicePrincipal", "tenant": "tenant", "servicePrincipalId": "id", "resource": "https://r/"}
    factory.run(web(url, authentication={**principal, "servicePrincipalKey": "secret"}))
    assert site.asked[-1][2]["authorization"] == "Bearer t0k"
    form = site.asked[-2][3].decode()
    assert "grant_type=client_credentials" in form
    assert "resource=https%3A%2F%2Fr%2F" in form
    with pytest.raises(ActivityFailed, match="'MSI' is not offered"):
        factory.run(web(url, authentication={"type": "MSI"}))


def test_a_202_is_followed_and_after_a_crash_not_posted_again(factory: SmallFactory, site: Site) -> None:
    url = site.answer("/start", (202, {"location": "/status", "retry-after": "1"}, b""))
    site.answer("/status", (202, {}, b""), (202, {}, b""), (200, {}, b'{"done": true}'))
    document = web(url, "POST", body="x", headers={"x-key": "v", "content-type": "text/plain"})
    context = factory.context(document)
    assert factory.run(document, context)["done"] is True
    assert [asked[0] for asked in site.asked] == ["POST", "GET", "GET", "GET"]
    assert site.asked[-1][2]["x-key"] == "v"
    resumed = factory.context(document)
    resumed.facts.update(context.facts)
    site.asked.clear()
    assert factory.run(document, resumed)["done"] is True
    assert [asked[:2] for asked in site.asked] == [("GET", "/status")]
    assert "done" not in factory.run(web(url, "POST", body="x", turnOffAsync=True))


def test_redirections_take_no_credentials_elsewhere(factory: SmallFactory, site: Site) -> None:
    elsewhere = site.url.replace("127.0.0.1", "localhost")
    url = site.answer("/a", (302, {"location": f"{elsewhere}/b"}, b""))
    site.answer("/b", (200, {}, b'{"at": "b"}'))
    output = factory.run(web(url, headers={"authorization": "Bearer secret", "accept": "application/json"}))
    assert output["at"] == "b"
    assert "authorization" in site.asked[0][2]
    assert "authorization" not in site.asked[1][2]
    site.answer("/a", (302, {"location": "/a"}, b""))
    with pytest.raises(ActivityFailed, match="redirects more than 5 times"):
        factory.run(web(url))


def test_failures(factory: SmallFactory, site: Site) -> None:
    url = site.answer("/bad?sig=hidden", (500, {}, b"went wrong"))
    with pytest.raises(ActivityFailed) as failed:
        factory.run(web(url))
    assert failed.value.code == "2108"
    assert failed.value.message == (
        f"Error calling the endpoint '{site.url}/bad?sig=…'. Response status code: '500'. More details: went wrong"
    )
    cases = [
        (web("http://127.0.0.1:9/"), "2128", "No response from the endpoint. Possible causes:"),
        (web("http://no-such-host.invalid/"), "2128", "was not found"),
        (web("file:///etc/passwd"), "2128", "no address over http"),
        (web(url, "TRACE"), "2104", "'TRACE' of 'method' is not one of"),
        (web(""), "2103", "'url'"),
        (web(url, httpRequestTimeout="soon"), "2104", "'httpRequestTimeout'"),
        (web(url, headers={"x\ny": "z"}), "2104", "that HTTP forbids"),
    ]
    for document, code, said in cases:
        with pytest.raises(ActivityFailed) as failed:
            factory.run(document)
        assert (failed.value.code, said in failed.value.message) == (code, True), failed.value.message


def test_definitions_are_sent_without_secrets(factory: SmallFactory, site: Site) -> None:
    url = site.answer("/", (200, {}, b"{}"))
    csv_data(factory, "In", "in")
    factory.add_linked_service("Odd", "NoSuchType", anything="hidden")
    services = [reference("Lake"), reference("Odd")]
    datasets = [reference("In", "DatasetReference")]
    factory.run(web(url, "POST", body={"a": 1}, linkedServices=services, datasets=datasets))
    sent = json.loads(site.asked[-1][3])
    assert sent["a"] == 1
    assert sent["datasets"][0]["properties"]["typeProperties"]["location"]["folderPath"] == "in"
    assert [each["name"] for each in sent["linkedServices"]] == ["Lake", "Odd"]
    assert "AccountKey" not in str(sent)
    assert "hidden" not in str(sent)


# --- WebHook


@pytest.fixture
def callbacks(factory: SmallFactory, sqlite_database: SqlDatabase, secrets: MasterKeySecrets, site: Site) -> Callbacks:
    made = Callbacks(sqlite_database, secrets, SystemClock(), site.url)
    factory.platform = replace(factory.platform, callbacks=made)
    return made


def hook(url: str, **more: Json) -> dict[str, Json]:
    headers = {"Content-Type": "application/json"}
    return {"name": "Hook", "type": "WebHook", "typeProperties": {"url": url, "headers": headers, **more}}


def parts(uri: str) -> tuple[str, str]:
    waiting, signature = uri.partition(f"{PATH}/")[2].split("/")
    return waiting, signature


@pytest.mark.parametrize(
    ("told", "reports", "expected"),
    [
        ("", False, {}),
        ('{"answer": 42}', False, {"answer": 42}),
        ("text", False, {"Response": "text"}),
        ('{"StatusCode": "500"}', False, {"StatusCode": "500"}),
        ('{"Output": {"a": 1}, "StatusCode": "200"}', True, {"a": 1}),
    ],
)
def test_a_service_that_calls_back(
    factory: SmallFactory, site: Site, callbacks: Callbacks, told: str, reports: bool, expected: dict[str, Json]
) -> None:
    url = site.answer("/start", (200, {}, b""))
    site.on_post = lambda body: callbacks.receive(*parts(body["callBackUri"]), told)
    assert factory.run(hook(url, body={"k": 1}, reportStatusOnCallBack=reports)) == expected
    assert json.loads(site.asked[0][3])["k"] == 1


def test_a_service_that_reports_a_failure(factory: SmallFactory, site: Site, callbacks: Callbacks) -> None:
    url = site.answer("/start", (200, {}, b""))
    told = '{"Output": {"a": 1}, "Error": {"ErrorCode": "E7", "Message": "no data"}, "StatusCode": "403"}'
    site.on_post = lambda body: callbacks.receive(*parts(body["callBackUri"]), told)
    with pytest.raises(ActivityFailed) as failed:
        factory.run(hook(url, reportStatusOnCallBack=True))
    assert (failed.value.code, failed.value.message, failed.value.output) == ("E7", "no data", {"a": 1})


def test_a_service_that_never_calls_back(factory: SmallFactory, site: Site, callbacks: Callbacks) -> None:
    uris: list[str] = []
    url = site.answer("/start", (200, {}, b""))
    site.on_post = lambda body: uris.append(body["callBackUri"])
    with pytest.raises(ActivityFailed, match="did not call back within 1 s") as failed:
        factory.run(hook(url, timeout="00:00:01"))
    assert failed.value.timed_out
    with pytest.raises(RestudioError, match="Nothing waits"):
        callbacks.receive(*parts(uris[0]), "late")
    with pytest.raises(ActivityFailed) as failed:
        factory.run(hook(site.answer("/bad", (500, {}, b""))))
    assert failed.value.code == "2108"


def test_a_crash_while_waiting_does_not_post_again(factory: SmallFactory, site: Site, callbacks: Callbacks) -> None:
    url = site.answer("/start", (200, {}, b""))
    document = hook(url)
    context = factory.context(document)
    context.facts["posted"] = factory.platform.clock.now().timestamp()
    uri = callbacks.open(context.activity_run_id)
    callbacks.receive(*parts(uri), '{"done": 1}')
    for _ in range(2):
        assert factory.run(document, context) == {"done": 1}
    assert site.asked == []
    context.cancelled.set()
    other = factory.context(document)
    other.cancelled.set()
    with pytest.raises(Cancelled):
        factory.run(document, other)


def test_an_address_takes_one_call_and_cannot_be_made(callbacks: Callbacks) -> None:
    uri = callbacks.open("one")
    assert callbacks.open("one") == uri
    waiting, signature = parts(uri)
    assert len(signature) >= 43
    callbacks.open("two")
    for wrong in (("two", signature), ("one", signature[1:] + signature[:1]), ("one", ""), ("three", signature)):
        with pytest.raises(RestudioError, match="Nothing waits"):
            callbacks.receive(*wrong, "x")
    callbacks.receive(waiting, signature, "first")
    with pytest.raises(RestudioError, match="Nothing waits"):
        callbacks.receive(waiting, signature, "second")
    assert callbacks.find("one") == "first"
    assert callbacks.find("two") is None


# --- functions, files and REST over HTTP


def test_a_function_is_called_with_its_key(factory: SmallFactory, site: Site) -> None:
    site.answer("/api/Fit?x=1", (200, {}, b'{"fit": true}'))
    site.answer("/api/Text", (200, {}, b"text"))
    factory.add_linked_service("App", "AzureFunction", functionAppUrl=site.url, functionKey="k")

    def call(name: str) -> Output:
        return factory.run(
            {
                "name": "F",
                "type": "AzureFunctionActivity",
                "linkedServiceName": reference("App"),
                "typeProperties": {"method": "POST", "functionName": name, "body": {"a": 1}},
            }
        )

    assert call("Fit?x=1")["fit"] is True
    assert site.asked[0][2]["x-functions-key"] == "k"
    for name, code in (("Text", "3603"), ("None", "3608")):
        with pytest.raises(ActivityFailed) as failed:
            call(name)
        assert failed.value.code == code


def test_a_file_over_http_is_copied(factory: SmallFactory, site: Site) -> None:
    site.answer("/data/a.csv?v=1", (200, {}, b"x\r\n1\r\n"))
    factory.add_linked_service(
        "Http",
        "HttpServer",
        url=f"{site.url}/data",
        authenticationType="Basic",
        userName="u",
        password="p",
        authHeaders={"x-key": {"type": "SecureString", "value": "k"}},
    )
    place = {"type": "HttpServerLocation", "relativeUrl": "a.csv?v=1"}
    factory.add_dataset("In", "DelimitedText", "Http", location=place, firstRowAsHeader=True)
    csv_data(factory, "Out", "out")
    settings = {"type": "HttpReadSettings", "requestMethod": "POST", "requestBody": "q", "additionalHeaders": "x-a: b"}
    output = copy(factory, {"type": "DelimitedTextSource", "storeSettings": settings}, {})
    assert (output["rowsCopied"], output["filesRead"]) == (1, 1)
    assert content(factory, "out/a.csv") == b"x\r\n1\r\n"
    method, _, headers, body = site.asked[0]
    assert (method, body, headers["x-a"], headers["x-key"]) == ("POST", b"q", "b", "k")
    assert headers["authorization"].startswith("Basic ")
    site.answer("/data/a.csv?v=1", (403, {}, b"no"))
    with pytest.raises(ActivityFailed, match="answered with status 403"):
        copy(factory, {}, {})


def test_pages_of_a_rest_service(factory: SmallFactory, site: Site) -> None:
    site.answer("/items", (200, {}, b'[{"id": 1}, {"id": 2}]'))
    page = json.dumps({"value": [{"id": 1}], "next": f"{site.url}/p2"}).encode()
    site.answer("/p1", (200, {}, page))
    site.answer("/p2", (200, {}, b'{"value": [{"id": 2}, {"id": 3}]}'))
    factory.add_linked_service("Rest", "RestService", url=site.url, authenticationType="Anonymous")
    factory.add_dataset("In", "RestResource", "Rest", relativeUrl="items")
    factory.add_dataset("Out", "Json", "Lake", location=location("", "out.json"))
    assert copy(factory, {"type": "RestSource"}, {})["rowsCopied"] == 2
    factory.add_dataset("In", "RestResource", "Rest", relativeUrl="/p1", paginationRules={"AbsoluteUrl": "$.next"})
    translator = {"collectionReference": "$.value", "mappings": [{"source": {"path": "id"}, "sink": {"name": "no"}}]}
    assert copy(factory, {"type": "RestSource"}, {}, translator=translator)["rowsCopied"] == 3
    assert [json.loads(line) for line in content(factory, "out.json").splitlines()] == [{"no": 1}, {"no": 2}, {"no": 3}]
    site.answer("/p2", (200, {}, page))
    with pytest.raises(ActivityFailed, match="lead in a circle"):
        copy(factory, {"type": "RestSource"}, {})


def test_custom_activities_say_what_to_do_instead(factory: SmallFactory) -> None:
    with pytest.raises(ActivityFailed, match="AzureMLBatchExecution") as failed:
        factory.run({"name": "C", "type": "Custom", "typeProperties": {"command": "rm -rf /"}})
    assert failed.value.code == "2500"
