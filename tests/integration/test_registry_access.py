"""Tokens and credentials against servers that lie: nobody gets what is not meant for them."""

import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from fault_server import Behaviour, FaultServer, Line, Received, answer, in_turn, redirect, serving
from gitops_guard.oci.content import RegistryError
from integration.registries import Asking, asking, reference
from integration.test_registry_faults import BASE, BLOB, CONFIG, DIGEST, GOOD, MANIFEST, NAME, SECRET, TAG, content

BASIC = "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode()


def challenge(realm: str, scope: str = f"repository:{NAME}:pull") -> Behaviour:
    return answer(401, www_authenticate=f'Bearer realm="{realm}",service="test",scope="{scope}"')


def token(value: str = "t0ken", **fields: object) -> Behaviour:
    return answer(200, json.dumps({"token": value} | fields).encode())


def guarded(realm: str, behaviour: Behaviour, *good: str) -> Behaviour:
    """Answers only with one of these tokens."""

    def behave(line: Line, request: Received) -> bool:
        given = request.headers.get("authorization", "")
        return (behaviour if given in {f"Bearer {value}" for value in good} else challenge(realm))(line, request)

    return behave


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def registry(*others: FaultServer, login: bool = True) -> Iterator[tuple[Asking, FaultServer]]:
    """A registry that guards its content by tokens of its own path `/token`."""
    with serving({}) as server:
        realm = server.url + "/token"
        server.routes |= {path: guarded(realm, behaviour, "t0ken") for path, behaviour in GOOD.items()}
        server.routes["/token"] = token()
        environment = {"GITOPS_GUARD_REGISTRY_AUTH": f"{server.authority} user {SECRET}" if login else ""}
        hosts = [server.authority, *(other.authority for other in others)]
        yield asking(*hosts, environment=environment, seconds=5), server


def given(server: FaultServer, path: str) -> list[str]:
    """The `Authorization` headers of the requests for a path."""
    return [entry.headers.get("authorization", "") for entry in server.received if entry.path.startswith(path)]


def refusal(client: Asking, server: FaultServer) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        client.registry.image(reference(server.authority, NAME, "1"))
    assert SECRET not in repr(caught.value) + str(caught.value)
    return caught.value


def test_a_token_is_asked_for_with_the_credentials_and_sent_to_the_registry() -> None:
    with registry() as (client, server):
        assert client.registry.image(reference(server.authority, NAME, "1"))
        assert given(server, "/token") == [BASIC]
        assert given(server, TAG) == ["", "Bearer t0ken"]
        assert given(server, BLOB) == ["Bearer t0ken"]
        assert server.received[1].path == f"/token?service=test&scope=repository%3A{NAME.replace('/', '%2F')}%3Apull"


def test_a_loop_of_401_ends() -> None:
    with registry() as (client, server):
        server.routes[TAG] = challenge(server.url + "/token")
        assert refusal(client, server).trouble == "unauthorised"
        assert client.web.requests == 3


def test_a_token_that_expired_is_renewed_before_it_is_sent() -> None:
    with registry() as (client, server):
        server.routes["/token"] = token(expires_in=100)
        client.registry._session._tokens._clock = (clock := Clock())
        for now, asked in ((0.0, 1), (89.0, 1), (91.0, 2)):
            clock.now = now
            client.registry.manifest(reference(server.authority, NAME), DIGEST)
            assert len(given(server, "/token")) == asked


def test_basic_credentials_that_are_refused_are_not_sent_twice_for_one_question() -> None:
    with registry() as (client, server):
        server.routes[TAG] = answer(401, www_authenticate='Basic realm="x"')
        for _ in range(2):
            assert refusal(client, server).trouble == "unauthorised"
        assert given(server, TAG) == ["", BASIC, BASIC]


def test_a_token_that_is_refused_is_renewed_once() -> None:
    with registry() as (client, server):
        client.registry.image(reference(server.authority, NAME, "1"))
        server.routes["/token"] = token("another")
        server.routes[BASE + "tags/list"] = guarded(server.url + "/token", answer(200, b'{"tags":["1"]}'), "another")
        assert client.registry.tags(reference(server.authority, NAME)) == ("1",)
        assert given(server, BASE + "tags") == ["Bearer t0ken", "Bearer another"]


def test_a_registry_that_refuses_every_token_is_asked_twice() -> None:
    with registry() as (client, server):
        client.registry.image(reference(server.authority, NAME, "1"))
        server.routes["/token"] = in_turn(*(token(f"t{number}") for number in range(9)))
        server.routes[BASE + "tags/list"] = challenge(server.url + "/token")
        with pytest.raises(RegistryError, match="refuses it"):
            client.registry.tags(reference(server.authority, NAME))
        assert len(given(server, BASE + "tags")) == 2


def test_threads_share_one_challenge_and_one_token() -> None:
    with registry() as (client, server):
        together = threading.Barrier(8)

        def ask(_: int) -> str:
            together.wait(5)
            return client.registry.head(reference(server.authority, NAME, "1")).digest

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(ask, range(8)))) == 1
        assert len(given(server, "/token")) == 1
        assert given(server, TAG).count("") == 1


def test_threads_go_on_together_once_a_registry_is_known() -> None:
    together = threading.Barrier(3)

    def slow(line: Line, request: Received) -> bool:
        line.pause(0.2)
        return answer(404)(line, request)

    def meeting(line: Line, request: Received) -> bool:
        try:
            together.wait(3)
        except threading.BrokenBarrierError:
            return answer(500)(line, request)
        return content(MANIFEST)(line, request)

    with serving({"*": in_turn(slow, meeting)}) as server:
        client = asking(server.authority)

        def ask(tag: str) -> str:
            try:
                return client.registry.head(reference(server.authority, NAME, tag)).digest
            except RegistryError as error:
                return error.trouble

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(ask, "abcd")) == ["not-found", DIGEST, DIGEST, DIGEST]


def test_a_token_is_asked_for_to_read_this_repository_alone() -> None:
    with registry() as (client, server):
        server.routes[TAG] = in_turn(challenge(server.url + "/token", "repository:other:pull,push"), content(MANIFEST))
        assert client.registry.image(reference(server.authority, NAME, "1"))
        (asked,) = [entry.path for entry in server.received if entry.path.startswith("/token")]
        assert asked.endswith("scope=repository%3Ateam%2Fapp%3Apull")


def test_a_token_server_elsewhere_gets_no_credentials() -> None:
    # To the client, 127.0.0.1 and localhost are unrelated hosts.
    with serving({"/token": token()}) as elsewhere, registry(elsewhere) as (_, server):
        realm = f"http://localhost:{elsewhere.port}/token"
        server.routes = {path: guarded(realm, behaviour, "t0ken") for path, behaviour in GOOD.items()}
        environment = {"GITOPS_GUARD_REGISTRY_AUTH": f"{server.authority} user {SECRET}"}
        client = asking(server.authority, f"localhost:{elsewhere.port}", environment=environment)
        assert client.registry.image(reference(server.authority, NAME, "1"))
        assert given(elsewhere, "/token") == [""]
        elsewhere.routes["/token"] = answer(401)
        other = asking(server.authority, f"localhost:{elsewhere.port}", environment=environment)
        assert "it is not given its credentials" in str(refusal(other, server))
        assert given(elsewhere, "/token") == ["", ""]


@pytest.mark.parametrize(
    ("realm", "trouble"),
    [
        ("http://registry.example.com/token", "content"),
        ("http://127.0.0.1:1/token", "content"),
        ("https://127.0.0.1:1/token", "not-allowed"),
        ("https://169.254.169.254/token", "not-allowed"),
        ("https://user@registry.example.com/token", "content"),
        ("https://[/token", "content"),
        ("https://host:99999999/token", "content"),
        ("file:///etc/passwd", "content"),
        ("", "content"),
    ],
)
def test_a_token_server_that_may_not_be_asked_is_not(realm: str, trouble: str) -> None:
    with registry() as (client, server):
        server.routes[TAG] = challenge(realm)
        assert refusal(client, server).trouble == trouble


@pytest.mark.parametrize(
    ("behaviour", "trouble"),
    [
        (answer(401), "unauthorised"),
        (answer(403), "unauthorised"),
        (answer(500), "unavailable"),
        (answer(429), "rate-limited"),
        (answer(200, b"{}"), "content"),
        (answer(200, b'{"token": 7}'), "content"),
        (answer(200, b'{"token": "a\\r\\nX-Header: b"}'), "content"),
        (answer(200, b"token"), "content"),
        (answer(200, b" " * 300_000), "content"),
        (token("refused-by-the-registry"), "unauthorised"),
    ],
)
def test_a_token_server_that_gives_no_good_token_is_told(behaviour: Behaviour, trouble: str) -> None:
    with registry() as (client, server):
        server.routes["/token"] = behaviour
        assert refusal(client, server).trouble == trouble


def test_refused_credentials_are_not_sent_again() -> None:
    with registry() as (client, server):
        server.routes["/token"] = answer(401)
        for _ in range(3):
            assert "refuses the credentials" in str(refusal(client, server))
        assert len(given(server, "/token")) == 1


def test_an_access_token_and_an_odd_lifetime_are_taken() -> None:
    with registry() as (client, server):
        server.routes["/token"] = answer(200, b'{"access_token": "t0ken", "expires_in": "soon"}')
        assert client.registry.image(reference(server.authority, NAME, "1"))


def test_a_scope_that_names_no_repository_is_asked_for_as_it_is() -> None:
    with registry() as (client, server):
        server.routes[TAG] = in_turn(challenge(server.url + "/token", "aws"), content(MANIFEST))
        assert client.registry.image(reference(server.authority, NAME, "1"))
        assert [entry.path for entry in server.received if entry.path.startswith("/token")] == [
            "/token?service=test&scope=aws"
        ]


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_a_redirect_takes_no_credentials_along(scheme: str) -> None:
    with serving({"/blob": answer(200, CONFIG)}) as store, registry(store) as (client, server):
        if scheme == "Basic":
            server.routes[TAG] = in_turn(answer(401, www_authenticate='Basic realm="x"'), content(MANIFEST))
        server.routes[BLOB] = redirect(store.url + "/blob", 307)
        assert client.registry.image(reference(server.authority, NAME, "1"))
        assert given(server, BLOB) == [BASIC if scheme == "Basic" else "Bearer t0ken"]
        assert given(store, "/blob") == [""]


def test_a_store_that_asks_for_credentials_gets_none() -> None:
    with serving({}) as store, registry(store) as (client, server):
        store.routes["*"] = answer(401, www_authenticate=f'Basic realm="x", Bearer realm="{store.url}/token"')
        server.routes[BLOB] = redirect(store.url + "/blob", 307)
        error = refusal(client, server)
        assert (error.trouble, store.authority in str(error)) == ("unauthorised", True)
        server.routes["/v2/team/other/manifests/1"] = content(MANIFEST)
        assert client.registry.head(reference(server.authority, "team/other", "1")).digest == DIGEST
        assert given(store, "/") == [""]


def test_what_comes_from_a_store_is_checked_too() -> None:
    with serving({"/blob": answer(200, b"{}")}) as store, registry(store) as (client, server):
        server.routes[BLOB] = redirect(store.url + "/blob", 307)
        assert refusal(client, server).trouble == "content"


def test_credentials_of_one_registry_are_not_for_another() -> None:
    with registry() as (client, first), serving({TAG: answer(401, www_authenticate='Basic realm="x"')}) as second:
        both = asking(
            first.authority,
            second.authority,
            environment={"GITOPS_GUARD_REGISTRY_AUTH": f"{first.authority} user {SECRET}"},
        )
        assert client.registry.image(reference(first.authority, NAME, "1"))
        assert "there are none for it" in str(refusal(both, second))
        assert given(second, "/") == [""]
