"""Where credentials come from, for whom they are, and that nobody sees them."""

import base64
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitops_guard.oci.credential import Credential, Missing, credential
from gitops_guard.oci.credential_helper import ask_helper
from gitops_guard.oci.credentials import Credentials
from gitops_guard.oci.hosts import Hosts
from gitops_guard.settings import RegistrySetting

HOST = "registry.example.com"
SECRET = "s3cret: of a test"
LOGIN = Credential("user", SECRET)
ENCODED = base64.b64encode(f"user:{SECRET}".encode()).decode()
PATH = os.environ["PATH"]

Config = Callable[[dict[str, object]], Credentials]
Helper = Callable[[str, str], dict[str, str]]


@pytest.fixture
def logged_in(tmp_path: Path) -> Config:
    """Makes the credentials of a Docker configuration in a home folder."""

    def make(config: dict[str, object]) -> Credentials:
        (tmp_path / ".docker").mkdir(exist_ok=True)
        (tmp_path / ".docker" / "config.json").write_text(json.dumps(config))
        return Credentials(Hosts(), {"PATH": f"{tmp_path}:{PATH}"}, tmp_path)

    return make


@pytest.fixture
def helper(tmp_path: Path) -> Helper:
    """Writes a credential helper, a shell script; gives the environment that finds it."""

    def make(name: str, script: str) -> dict[str, str]:
        path = tmp_path / f"docker-credential-{name}"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return {"PATH": f"{tmp_path}:{PATH}"}

    return make


def answering(server: str, username: str = "user", secret: str = SECRET) -> str:
    """A helper's script that answers for one server."""
    found = json.dumps({"ServerURL": server, "Username": username, "Secret": secret})
    missing = "echo credentials not found in native keychain; exit 1"
    return f'[ "$1" = get ] || exit 9\n[ "$(cat)" = "{server}" ] || {{ {missing}; }}\nprintf %s \'{found}\''


def test_there_may_be_none(tmp_path: Path) -> None:
    for home in (None, tmp_path, tmp_path / "missing"):
        found = Credentials(Hosts(), {}, home)
        assert (found.for_host(HOST), found.reason(HOST)) == (None, "")


def test_the_environment_variables_of_the_setting_come_first() -> None:
    hosts = Hosts([RegistrySetting(HOST, username_from="OUR_USER", password_from="OUR_PASSWORD")])
    environment = {"OUR_USER": "user", "OUR_PASSWORD": SECRET, "GITOPS_GUARD_REGISTRY_AUTH": f"{HOST} other word"}
    assert Credentials(hosts, environment, None).for_host(HOST) == LOGIN
    assert Credentials(hosts, environment, None).for_host("quay.io") is None
    del environment["OUR_PASSWORD"]
    assert Credentials(hosts, environment, None).for_host(HOST) == Credential("other", "word")
    missing = Credentials(hosts, {"OUR_USER": "user"}, None)
    assert missing.for_host(HOST) is None
    assert missing.reason(HOST) == f"OUR_PASSWORD, which the configuration names for {HOST}, is not set"


def test_lines_give_each_registry_its_own() -> None:
    lines = f"# ours\n\n{HOST} user {SECRET}\n  DOCKER.io\trobot$ci  token  \nlocalhost:5000 a b\n"
    found = Credentials(Hosts(), {"GITOPS_GUARD_REGISTRY_AUTH": lines}, None)
    assert found.for_host(HOST) == LOGIN
    assert found.for_host("docker.io") == found.for_host("index.docker.io") == Credential("robot$ci", "token")
    assert found.for_host("localhost:5000") == Credential("a", "b")
    for other in ("localhost", "localhost:5001", "example.com", f"sub.{HOST}", f"{HOST}:5000", f"{HOST}.evil.example"):
        assert found.for_host(other) is None


def test_a_line_that_is_none_is_named_by_its_number() -> None:
    found = Credentials(Hosts(), {"GITOPS_GUARD_REGISTRY_AUTH": f"quay.io a b\n{HOST} {SECRET[:6]}"}, None)
    assert found.for_host("quay.io") is not None
    assert found.reason(HOST) == "line 2 of GITOPS_GUARD_REGISTRY_AUTH is not HOST USERNAME PASSWORD"


@pytest.mark.parametrize("key", [HOST, f"https://{HOST}", f"https://{HOST}/v2/", f"http://{HOST}/v1/", HOST.upper()])
def test_docker_logins_are_found_however_the_registry_is_written(logged_in: Config, key: str) -> None:
    found = logged_in({"auths": {"quay.io": {"auth": "eDp5"}, key: {"auth": ENCODED}}})
    assert found.for_host(HOST) == LOGIN
    assert found.for_host(f"{HOST}:5000") is None


def test_docker_hub_has_a_key_of_its_own(logged_in: Config) -> None:
    found = logged_in({"auths": {"https://index.docker.io/v1/": {"auth": ENCODED}}})
    assert found.for_host("docker.io") == LOGIN


def test_other_forms_of_docker_logins_are_read(logged_in: Config) -> None:
    auths = {"a.example": {"identitytoken": "t0ken", "auth": ENCODED}, "b.example": {"username": "u", "password": "p"}}
    found = logged_in({"auths": auths})
    assert found.for_host("a.example") == Credential("", identity_token="t0ken")
    assert found.for_host("b.example") == Credential("u", "p")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"auths": {HOST: {"auth": "?"}}}, "not base64"),
        ({"auths": {HOST: {"auth": "/w=="}}}, "not base64"),
        ({"auths": {HOST: {"auth": "dXNlcg=="}}}, "gives no password"),
        ({"auths": {HOST: {"auth": 7}}}, "gives no user name"),
        ({"auths": {HOST: {"username": "a\nb", "password": "c"}}}, "cannot be a user name"),
        ({"auths": {HOST: {"username": "a:b", "password": "c"}}}, "a colon"),
        ({"auths": {HOST: {}}}, ""),
        ({"auths": {HOST: "x"}}, ""),
        ({"auths": []}, ""),
        ({"credHelpers": {HOST: 7}, "credsStore": []}, ""),
        ({"credHelpers": {HOST: "missing"}}, "docker-credential-missing is not on the PATH"),
        ({"credsStore": "../evil"}, "not made of a-z"),
    ],
)
def test_useless_docker_logins_are_told(logged_in: Config, config: dict[str, object], reason: str) -> None:
    found = logged_in(config)
    assert found.for_host(HOST) is None
    assert (reason in found.reason(HOST)) if reason else found.reason(HOST) == ""


@pytest.mark.parametrize(
    ("raw", "reason"), [(b"{", "not JSON"), (b"[]", "no object"), (b" " * 1_100_000, "larger"), (b"\xff", "not JSON")]
)
def test_a_docker_configuration_that_cannot_be_read_is_told(tmp_path: Path, raw: bytes, reason: str) -> None:
    (tmp_path / "config.json").write_bytes(raw)
    assert reason in Credentials(Hosts(), {"DOCKER_CONFIG": str(tmp_path)}, None).reason(HOST)


def test_a_helper_of_the_registry_comes_before_the_common_one(logged_in: Config, helper: Helper) -> None:
    helper("ours", answering(HOST))
    helper("common", answering("https://index.docker.io/v1/", "hub"))
    found = logged_in({"credHelpers": {HOST: "ours"}, "credsStore": "common", "auths": {HOST: {}, "c.example": {}}})
    assert found.for_host(HOST) == LOGIN
    assert found.for_host("docker.io") == Credential("hub", SECRET)
    assert found.for_host("c.example") is None
    assert found.reason("c.example") == "docker-credential-common knows no credential for c.example"


def test_what_the_file_holds_stands_in_for_a_helper_without_an_answer(logged_in: Config, helper: Helper) -> None:
    helper("common", "exit 1")
    found = logged_in({"credsStore": "common", "auths": {HOST: {"auth": ENCODED}}})
    assert found.for_host(HOST) == LOGIN


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo " + SECRET + "; exit 3", "ended with code 3"),
        ("echo " + SECRET, "is not JSON"),
        ("echo '{}'", "gives no user name"),
        ("yes | head -c 200000", "more than 65536 bytes"),
        ("exec yes", "more than 65536 bytes"),
        ("exec sleep 60", "did not answer within 0.3 s"),
        ("sleep 60 & sleep 60", "did not answer within 0.3 s"),
        ("exec >&- <&-; sleep 60", "did not answer within 0.3 s"),
    ],
)
def test_a_helper_that_fails_is_told_without_its_output(helper: Helper, script: str, reason: str) -> None:
    environment = helper("bad", script)
    start = time.monotonic()
    found = ask_helper("bad", HOST, environment, seconds=0.3)
    assert isinstance(found, Missing)
    assert reason in found.reason
    assert SECRET not in found.reason
    assert time.monotonic() - start < 3


def test_a_helper_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    path = tmp_path / "docker-credential-bad"
    path.write_bytes(b"\x7fELF")
    path.chmod(0o755)
    found = ask_helper("bad", HOST, {"PATH": str(tmp_path)})
    assert isinstance(found, Missing)
    assert "could not be run" in found.reason


def test_a_helper_of_the_working_folder_is_not_run(
    helper: Helper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper("near", answering(HOST))
    monkeypatch.chdir(tmp_path)
    for path in (".", "", f".:{PATH}"):
        assert ask_helper("near", HOST, {"PATH": path}) == Missing("docker-credential-near is not on the PATH")


def test_an_identity_token_is_no_basic_credential(helper: Helper) -> None:
    found = ask_helper("ours", HOST, helper("ours", answering(HOST, "<token>")))
    assert isinstance(found, Credential)
    assert (found.identity_token, found.basic) == (SECRET, "")


def test_a_secret_is_never_shown() -> None:
    found = Credentials(Hosts(), {"GITOPS_GUARD_REGISTRY_AUTH": f"{HOST} user {SECRET}"}, None)
    kept = found.for_host(HOST)
    shown = f"{found!r} {found} {kept!r} {kept} {[kept]} {kept:>80}"
    assert SECRET not in shown
    assert ENCODED not in shown
    assert kept is not None
    assert kept.basic == f"Basic {ENCODED}"
    assert SECRET not in str(credential("a:b", SECRET, "x"))
