"""One way to declare a command that talks to a server.

    @command(app)
    def show(session: Session, experiment: str) -> None: ...

adds ``--home``, ``--url``, ``--token``, ``--workspace`` and ``--json`` to the command's own parameters, opens the
:class:`Session` from them, and turns errors into one line and exit status 1.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property, wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from restudio.app.settings import client_environment
from restudio.cli.console import Output
from restudio.client.client import Client
from restudio.client.credentials import read_credentials
from restudio.core.credentials import Credentials
from restudio.core.errors import Kind, RestudioError

DEFAULT_HOME = Path("home")
ServiceName = Annotated[str, typer.Argument(help="Id of a web service, or its name.")]


class Session:
    """Where a command finds its server, and where it prints."""

    def __init__(
        self,
        home: Path | None = None,
        url: str | None = None,
        token: str | None = None,
        workspace: str | None = None,
        as_json: bool = False,
    ) -> None:
        found = client_environment()
        self.home = home or Path(found.get("home", DEFAULT_HOME))
        self._url = url or found.get("url")
        self._token = token or found.get("token")
        self._workspace = workspace or found.get("workspace")
        self.out = Output(as_json=as_json)

    @property
    def names_server(self) -> bool:
        """Whether a server was named, by option or variable, beside that of the home folder."""
        return self._url is not None

    @cached_property
    def credentials(self) -> Credentials:
        """Of the home folder; an error when it has none."""
        return read_credentials(self.home)

    @property
    def token(self) -> str:
        """The workspace token in use."""
        return self._token or self.credentials.workspace_token

    @property
    def url(self) -> str:
        """The server's base URL."""
        return (self._url or self.credentials.url).rstrip("/")

    @cached_property
    def client(self) -> Client:
        """Options and variables first, the home folder's credentials for what they leave open."""
        if self._url and self._token and self._workspace:
            return Client(self._url, self._workspace, self._token)
        known = self.credentials
        return Client(
            self._url or known.url, self._workspace or known.workspace_id, self._token or known.workspace_token
        )

    def service_id(self, service: str) -> str:
        """The id of the web service with this id or, where one alone has it, this name."""
        known = self.client.services.list()
        if any(found.id == service for found in known):
            return service
        named = [found.id for found in known if found.name.casefold() == service.casefold()]
        if not named:
            raise RestudioError.not_found("ServiceNotFound", "Web service", service, [found.name for found in known])
        if len(named) > 1:
            text = f"{len(named)} web services are named '{service}'; say which by its id: {', '.join(named)}."
            raise RestudioError(Kind.BAD_ARGUMENT, "SeveralServices", text, target=service)
        return named[0]


_SHARED: dict[str, Any] = {
    "home": Annotated[Path | None, typer.Option(help="Home folder whose credentials.json to use.", show_default=False)],
    "url": Annotated[str | None, typer.Option(help="Base URL of the server.", show_default=False)],
    "token": Annotated[str | None, typer.Option(help="Workspace token.", show_default=False)],
    "workspace": Annotated[str | None, typer.Option(help="Workspace id.", show_default=False)],
    "as_json": Annotated[bool, typer.Option("--json", help="Print JSON.")],
}


def command(app: typer.Typer, name: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function whose first parameter is a :class:`Session`."""

    def declare(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def run(**values: Any) -> None:
            session = Session(**{key: values.pop(key) for key in _SHARED})
            try:
                function(session, **values)
            except RestudioError as error:
                session.out.error(error)
                raise typer.Exit(1) from None
            except TimeoutError as error:
                session.out.errors.print(str(error), markup=False)
                raise typer.Exit(1) from None

        hints = get_type_hints(function, include_extras=True)
        own = [p.replace(annotation=hints[p.name]) for p in list(inspect.signature(function).parameters.values())[1:]]
        shared = [
            inspect.Parameter(
                key, inspect.Parameter.KEYWORD_ONLY, default=False if key == "as_json" else None, annotation=hint
            )
            for key, hint in _SHARED.items()
        ]
        own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
        run.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]  # read by inspect.signature
        run.__annotations__ = {p.name: p.annotation for p in (*own, *shared)}
        app.command(name)(run)
        return function

    return declare
