from __future__ import annotations

from pathlib import Path

import pytest

from restudio.app.settings import Settings, client_environment, load_settings
from restudio.core.errors import RestudioError


def test_flags_win_over_environment_over_file(tmp_path: Path) -> None:
    (tmp_path / "restudio.toml").write_text('port = 1\nhost = "::1"\nregion = "north"\negress = ["10.0.0.0/8"]\n')
    environ = {"RESTUDIO_PORT": "2", "RESTUDIO_HOST": "0.0.0.0", "OTHER": "x"}
    settings = load_settings({"home": tmp_path, "port": 3, "role": None}, environ)
    assert (settings.port, settings.host, settings.region, settings.role) == (3, "0.0.0.0", "north", "all")
    assert settings.egress == ("10.0.0.0/8",)


def test_defaults_keep_everything_in_the_home_folder(tmp_path: Path) -> None:
    settings = load_settings({"home": tmp_path}, {})
    assert settings.database == f"sqlite:///{tmp_path}/restudio.sqlite"
    assert settings.objects == f"file://{tmp_path}/objects"
    assert settings.url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("host", "public", "url"),
    [
        ("0.0.0.0", None, "http://127.0.0.1:8080"),
        ("::1", None, "http://[::1]:8080"),
        ("10.1.1.1", "https://ml.example/", "https://ml.example"),
    ],
)
def test_public_url(host: str, public: str | None, url: str) -> None:
    assert Settings(Path("h"), host=host, public_url=public).url == url


@pytest.mark.parametrize(
    ("flags", "environ", "message"),
    [
        ({}, {"RESTUDIO_PROT": "1"}, "'prot' from the environment is not a setting. Did you mean 'port'?"),
        ({"port": "x"}, {}, "'port' from the command line must be a whole number above 0, got 'x'."),
        ({"port": 70000}, {}, "must be a whole number"),
        ({"web_workers": 0}, {}, "'web_workers' from the command line must be a whole number above 0"),
        ({"role": "boss"}, {}, "must be one of all, web, worker, got 'boss'"),
        ({}, {"RESTUDIO_SCRIPT_NETWORK": "maybe"}, "must be true or false"),
    ],
)
def test_wrong_settings_name_their_source(
    tmp_path: Path, flags: dict[str, object], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(RestudioError, match=message.replace("?", "[?]")):
        load_settings({"home": tmp_path, **flags}, environ)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "restudio.toml").write_text("port = = 3")
    with pytest.raises(RestudioError, match=r"restudio\.toml is not valid TOML"):
        load_settings({"home": tmp_path}, {})


def test_client_environment_takes_only_what_is_set() -> None:
    environ = {"RESTUDIO_URL": "http://a", "RESTUDIO_TOKEN": "", "RESTUDIO_PORT": "1"}
    assert client_environment(environ) == {"url": "http://a"}
    assert load_settings({}, environ).port == 1
