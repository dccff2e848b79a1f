"""Settings: read once at start from flags over ``RESTUDIO_*`` variables over ``restudio.toml``.

The only place that looks at the environment. Parts of the product get the values they need, never the whole.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, get_args

from restudio.core.errors import Kind, RestudioError, nearest

Number = TypeVar("Number", int, float)
Role = Literal["all", "web", "worker"]
ROLES: tuple[str, ...] = get_args(Role)
PREFIX = "RESTUDIO_"
FILE_NAME = "restudio.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """What one server process runs with. Times in seconds, sizes in bytes.

    ``public_url`` is the base of every absolute URL that we emit; by default the address we listen on.
    ``database_url`` and ``objects_url`` default to SQLite and files in ``home``. ``executor`` names this process to
    durable work: unique among living processes, the same after a restart. ``egress`` lists hosts, networks
    (``10.0.0.0/8``) or ``*`` which user-given addresses may reach although they are loopback or private.
    ``pipeline_folders`` lists local folders that pipelines may read and write through a file server, and data
    stores may read.
    ``module_seconds`` is the longest that a module runs, ``request_seconds`` that a script runs in a request-response
    call. ``script_network`` lets user scripts use the network.
    ``output_days`` is how long outputs of modules are kept.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str | None = None
    database_url: str | None = None
    objects_url: str | None = None
    master_key: str | None = None
    role: Role = "all"
    web_workers: int = 1
    engine_workers: int = 2
    executor: str | None = None
    region: str = "local"
    max_request_bytes: int = 16 << 20
    max_upload_bytes: int = 8 << 30
    module_seconds: float = 3600.0
    request_seconds: float = 60.0
    module_memory_mb: int = 8192
    script_network: bool = False
    output_days: float = 30.0
    egress: tuple[str, ...] = ()
    pipeline_folders: tuple[str, ...] = ()
    log_level: str = "info"

    @property
    def database(self) -> str:
        """Address of the metadata database."""
        return self.database_url or f"sqlite:///{self.home / 'restudio.sqlite'}"

    @property
    def objects(self) -> str:
        """Address of the object store."""
        return self.objects_url or (self.home / "objects").as_uri()

    @property
    def url(self) -> str:
        """The public base URL, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def executor_id(self) -> str:
        """Name of this process in the table of durable work."""
        return self.executor or f"{os.uname().nodename}-{self.role}"


def load_settings(flags: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Settings:
    """Build the settings; flags that are None count as not given.

    The file is ``restudio.toml`` in the home folder, or the one named by ``RESTUDIO_CONFIG``. An unknown name or a
    value of the wrong form is an error that names its source.
    """
    variables = os.environ if environ is None else environ
    given = {
        name.removeprefix(PREFIX).lower(): text
        for name, text in variables.items()
        if name.startswith(PREFIX) and name not in NOT_SETTINGS
    }
    known = {field.name for field in dataclasses.fields(Settings)}
    asked = {name: value for name, value in flags.items() if value is not None}
    home = Path(str(asked.get("home") or given.get("home") or "home")).expanduser().resolve()
    path = Path(variables.get("RESTUDIO_CONFIG") or home / FILE_NAME)
    values: dict[str, object] = {}
    for source, raw in ((str(path), _read_file(path)), ("the environment", given), ("the command line", asked)):
        for name, value in raw.items():
            if name not in known:
                raise _bad(f"'{name}' from {source} is not a setting.{nearest(name, known)}", name)
            values[name] = _convert(name, value, source)
    values["home"] = home
    return Settings(**values)  # type: ignore[arg-type]  # _convert gives each field its type


NOT_SETTINGS = frozenset({"RESTUDIO_CONFIG", "RESTUDIO_URL", "RESTUDIO_TOKEN", "RESTUDIO_WORKSPACE"})
"""Variables for clients and for finding the file."""


def client_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the command line uses to find a server: ``url``, ``token``, ``workspace``, ``home``, where given."""
    variables = os.environ if environ is None else environ
    names = ("url", "token", "workspace", "home")
    return {name: variables[PREFIX + name.upper()] for name in names if variables.get(PREFIX + name.upper())}


def _read_file(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(f"{path} is not valid TOML: {error}", str(path)) from error


_TYPES: Mapping[str, str] = {field.name: str(field.type) for field in dataclasses.fields(Settings)}


def _convert(name: str, value: object, source: str) -> object:
    kind = _TYPES[name]
    try:
        if kind == "bool":
            return _to_bool(value)
        if kind == "int":
            return _to_port(int(str(value))) if name == "port" else _positive(int(str(value)))
        if kind == "float":
            return _positive(float(str(value)))
        if kind == "Role" and value not in ROLES:
            raise ValueError(f"one of {', '.join(ROLES)}")
        if kind.startswith("tuple"):
            parts = value.split(",") if isinstance(value, str) else value
            if not isinstance(parts, (list, tuple)):
                raise ValueError("a list")
            return tuple(str(part).strip() for part in parts if str(part).strip())
    except ValueError as error:
        shown = "(hidden)" if name == "master_key" else repr(value)
        raise _bad(f"'{name}' from {source} must be {_words(kind, error)}, got {shown}.", name) from error
    return str(value)


def _words(kind: str, error: ValueError) -> str:
    return {"bool": "true or false", "int": "a whole number above 0", "float": "a number above 0"}.get(kind, str(error))


def _to_bool(value: object) -> bool:
    folded = str(value).strip().casefold()
    if folded not in ("true", "false", "1", "0", "yes", "no"):
        raise ValueError("true or false")
    return folded in ("true", "1", "yes")


def _to_port(value: int) -> int:
    if not 0 <= value <= 65535:
        raise ValueError("0 to 65535")
    return value


def _positive(value: Number) -> Number:
    if not value > 0:
        raise ValueError("above 0")
    return value


def _bad(message: str, target: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "BadSetting", message, target=target)
