"""Whatever a server does, a request ends in time with an answer or with the right word for its trouble."""

import gzip
import itertools
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple

import pytest

from fault_server import (
    Behaviour,
    FaultServer,
    answer,
    endless,
    gzip_bomb,
    in_turn,
    raw,
    redirect,
    reset,
    self_signed,
    serving,
    stalling,
    trickling,
    truncated,
    tunnel,
)
from gitops_guard.web.client import Answer, Budget, Limits, Surroundings, Trouble, Web, WebError
from gitops_guard.web.surroundings import Resolved, SocketAddress

SECRET = "S3cret-invented"
PATIENT = Limits(connect=5, idle=5, answer=8)
QUICK = Limits(connect=0.5, idle=0.3, answer=0.6)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ROOM = 100_000
ENDS_WITHIN = 9.0


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)


@contextmanager
def web(  # noqa: PLR0913 - the parts of a client
    *,
    budget: Budget | None = None,
    private: Sequence[str] = ("127.0.0.1",),
    plain_http: Sequence[str] = ("127.0.0.1",),
    retries: int = 0,
    connections: int = 8,
    limits: Limits = PATIENT,
    surroundings: Surroundings = Surroundings(chance=lambda: 0.0),  # noqa: B008 - a value
) -> Iterator[Web]:
    client = Web(
        budget or Budget(20),
        private=private,
        plain_http=plain_http,
        retries=retries,
        connections=connections,
        limits=limits,
        surroundings=surroundings,
    )
    with closing(client):
        yield client


def trouble_of(client: Web, url: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> WebError:
    started = time.monotonic()
    with pytest.raises(WebError) as caught:
        client.request(method, url, headers=headers, limit=ROOM)
    assert time.monotonic() - started < ENDS_WITHIN
    return caught.value


def resolving(*addresses: str, asked: list[str] | None = None) -> Callable[[str, int, int, int], list[Resolved]]:
    """A resolver that gives all names the same addresses."""

    def resolve(host: str, port: int, family: int, kind: int) -> list[Resolved]:
        del family
        if asked is not None:
            asked.append(host)
        return [
            (socket.AF_INET6, kind, 0, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, kind, 0, "", (address, port))
            for address in addresses
        ]

    return resolve


class Fault(NamedTuple):
    trouble: Trouble
    behaviour: Behaviour


FAULTS = {
    "silence": Fault("timeout", stalling()),
    "half a status line": Fault("timeout", stalling(b"HTTP/1.1 2")),
    "half a header": Fault("timeout", stalling(OK + b"Content-Le")),
    "half a header, then closed": Fault("content", raw(OK + b"Content-Le")),
    "a hang in the body": Fault("timeout", stalling(OK + b"Content-Length: 10\r\n\r\nhalf")),
    "a trickle of header bytes": Fault("timeout", trickling(OK + b"X-Long: ")),
    "a trickle of body bytes": Fault("timeout", trickling(OK + b"Content-Length: 9999\r\n\r\n")),
    "a trickle of chunks": Fault("timeout", trickling(CHUNKED, b"1\r\nx\r\n")),
    "closed at once": Fault("refused", raw()),
    "reset": Fault("refused", reset()),
    "a body that ends early": Fault("content", truncated(100)),
    "a gzip body that ends early": Fault(
        "content", answer(200, gzip.compress(b"text" * 99)[:-9], content_encoding="gzip")
    ),
    "no last chunk": Fault("content", raw(CHUNKED + b"4\r\nhalf\r\n")),
    "a cut chunk": Fault("content", raw(CHUNKED + b"ff\r\nhalf")),
    "a chunk of no length": Fault("content", raw(CHUNKED + b"zz\r\nhalf\r\n0\r\n\r\n")),
    "two lengths": Fault("content", raw(OK + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nhalf")),
    "an endless body": Fault("too-large", endless(OK + b"\r\n")),
    "an endless line in chunks": Fault("content", endless(CHUNKED)),
    "endless chunks": Fault("too-large", endless(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n")),
    "endless chunk extensions": Fault("too-large", endless(CHUNKED, b"1;" + b"x" * 60_000 + b"\r\nx\r\n")),
    "endless trailers": Fault("too-large", endless(CHUNKED + b"0\r\n", b"X-Trailer: more\r\n" * 99)),
    "a length beyond the limit": Fault("too-large", stalling(OK + b"Content-Length: 100001\r\n\r\n")),
    "a gzip bomb": Fault("too-large", gzip_bomb(50_000_000)),
    "no gzip": Fault("content", answer(200, b"plain", content_encoding="gzip")),
    "an encoding nobody asked for": Fault("content", answer(200, b"plain", content_encoding="br")),
    "100,000 headers": Fault("too-large", raw(OK + b"X-More: 1\r\n" * 100_000 + b"\r\n")),
    "101 headers": Fault("too-large", raw(OK + b"X-More: 1\r\n" * 101 + b"\r\n")),
    "a header of 1 MB": Fault("too-large", raw(OK + b"X-Long: " + b"x" * 1_000_000 + b"\r\n\r\n")),
    "endless interim answers": Fault("too-large", endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99)),
    "another protocol": Fault("content", raw(b"SSH-2.0-OpenSSH_9.6\r\n")),
    "bytes": Fault("content", raw(bytes(range(256)) + b"\r\n")),
    "redirect to itself": Fault("redirect", redirect("/hostile")),
    "redirect without TLS": Fault("redirect", redirect("http://registry.example.com/")),
    "redirect to a cloud's metadata": Fault("address", redirect("http://169.254.169.254/latest/meta-data/")),
    "redirect to a loopback address": Fault("address", redirect("https://127.0.0.2/")),
    "redirect to a private address": Fault("address", redirect("https://10.0.0.1/")),
    "redirect to this machine": Fault("address", redirect("https://localhost:8443/")),
    "redirect to another spelling": Fault("address", redirect("https://2130706433/")),
    "redirect to a mapped address": Fault("address", redirect("https://[::ffff:a9fe:a9fe]/")),
    "redirect to a file": Fault("address", redirect("file:///etc/passwd")),
    "redirect with credentials": Fault("address", redirect(f"https://user:{SECRET}@registry.example.com/")),
    "redirect to nonsense": Fault("redirect", redirect("https://[:::1/")),
    "too many requests": Fault("rate-limited", answer(429)),
    "too many requests for long": Fault("rate-limited", answer(429, retry_after="3600")),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_its_word_and_tells_no_secret(name: str) -> None:
    limits = QUICK if FAULTS[name].trouble == "timeout" else PATIENT
    with serving({"/hostile": FAULTS[name].behaviour}) as server, web(limits=limits) as client:
        url = f"{server.url}/hostile?token={SECRET}"
        error = trouble_of(client, url, headers={"Authorization": f"Bearer {SECRET}"})
    assert error.trouble == FAULTS[name].trouble, error
    assert SECRET not in repr(error) + str(error)
    assert "127.0.0.1" in str(error)


def test_a_bomb_is_not_kept_in_memory() -> None:
    with serving({"/": gzip_bomb(50_000_000)}) as server, web() as client:
        tracemalloc.start()
        trouble_of(client, server.url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 10_000_000


def test_encoded_bytes_count_even_if_they_decode_to_nothing() -> None:
    empty_blocks = b"\x00\x00\x00\xff\xff" * 5000
    start = OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"", mtime=0)[:10]
    with serving({"/": endless(start, empty_blocks)}) as server, web() as client:
        assert "larger than 100000 bytes" in str(trouble_of(client, server.url))


def test_only_named_hosts_are_spoken_to_without_tls() -> None:
    with serving({"/": answer()}) as server:
        for named in ([], ["127.0.0.2"], [f"127.0.0.1:{server.port + 1}"]):
            with web(plain_http=named) as client:
                assert trouble_of(client, server.url).trouble == "address"
        with web(plain_http=[server.authority]) as client:
            assert client.request("GET", server.url).status == 200
    assert len(server.received) == 1


def test_an_error_status_is_an_answer() -> None:
    with serving({"/": answer(500, b"no"), "/gone": answer(404)}) as server, web() as client:
        assert client.request("GET", server.url)[0::2] == (500, b"no")
        assert client.request("HEAD", f"{server.url}/gone").status == 404


def test_a_refused_connection_is_asked_again_for_any_method() -> None:
    with serving({}) as server:
        pass
    for method in ("GET", "HEAD", "POST"):
        with web(retries=2) as client:
            assert trouble_of(client, server.url, method).trouble == "refused"
            assert client.requests == 3


@pytest.mark.parametrize("fault", [reset(), raw(), truncated(9), raw(OK + b"X"), answer(502), answer(503), answer(504)])
def test_what_may_pass_is_asked_again(fault: Behaviour) -> None:
    with serving({"/": in_turn(fault, fault, answer(200, b"well"))}) as server, web(retries=2) as client:
        assert client.request("GET", server.url).body == b"well"
        assert (client.requests, len(server.received)) == (3, 3)


@pytest.mark.parametrize(("fault", "trouble"), [(reset(), "refused"), (raw(), "refused"), (truncated(9), "content")])
def test_a_post_that_may_have_arrived_is_not_sent_again(fault: Behaviour, trouble: str) -> None:
    with serving({"/": fault}) as server, web(retries=2) as client:
        assert trouble_of(client, server.url, "POST").trouble == trouble
        assert len(server.received) == 1


def test_a_post_is_not_sent_again_for_a_status() -> None:
    with serving({"/": answer(503), "/limited": answer(429)}) as server, web(retries=2) as client:
        assert client.request("POST", server.url, body=b"once").status == 503
        assert trouble_of(client, f"{server.url}/limited", "POST").trouble == "rate-limited"
        assert [request.body for request in server.received] == [b"once", b""]


def test_the_last_answer_of_a_broken_server_is_given() -> None:
    with serving({"/": answer(503, b"busy")}) as server, web(retries=1) as client:
        assert client.request("GET", server.url)[0::2] == (503, b"busy")
        assert len(server.received) == 2


@pytest.mark.parametrize(
    ("after", "waits"),
    [
        ("7", [7.0]),
        ("0", [0.0]),
        (formatdate(1_000_012, usegmt=True), [12.0]),
        (formatdate(999_000, usegmt=True), [0.0]),
        ("soon", [0.25]),
        ("-1", [0.25]),
        ("", [0.25]),
    ],
)
def test_a_server_is_given_the_time_it_asks_for(after: str, waits: list[float]) -> None:
    slept: list[float] = []
    around = Surroundings(sleep=slept.append, now=lambda: 1_000_000.0, chance=lambda: 0.5)
    limited = answer(429, retry_after=after)
    with serving({"/": in_turn(limited, answer(200))}) as server, web(retries=1, surroundings=around) as client:
        assert client.request("GET", server.url).status == 200
    assert slept == waits


@pytest.mark.parametrize(
    ("after", "seconds", "said"),
    [
        ("31", None, "at 1970-01-12 13:47:11 UTC"),
        ("9", 5.0, "at 1970-01-12 13:46:49 UTC"),
        (formatdate(2_000_000, usegmt=True), None, "at 1970-01-24 03:33:20 UTC"),
        ("9" * 400, None, "at 2001-09-20 15:33:19 UTC"),
    ],
)
def test_a_wait_that_is_too_long_says_when_to_ask_again(after: str, seconds: float | None, said: str) -> None:
    slept: list[float] = []
    around = Surroundings(sleep=slept.append, now=lambda: 1_000_000.0)
    limited = answer(429, retry_after=after)
    with serving({"/": limited}) as server, web(budget=Budget(seconds), retries=2, surroundings=around) as client:
        error = trouble_of(client, server.url)
    assert (error.trouble, slept, len(server.received)) == ("rate-limited", [], 1)
    assert said in str(error)


def test_a_spent_budget_asks_nobody() -> None:
    with serving({"/": stalling(), "/well": answer()}) as server, web(budget=Budget(0.5)) as client:
        errors = [trouble_of(client, server.url), trouble_of(client, f"{server.url}/well")]
        assert [error.trouble for error in errors] == ["budget", "budget"]
        assert {str(error) for error in errors} == {"not looked at: the budget of 0.5 s is spent"}
        assert (client.requests, len(server.received)) == (1, 1)


def test_a_budget_holds_for_all_threads_together() -> None:
    started = time.monotonic()
    client_for = web(budget=Budget(0.2), retries=3)
    with serving({"*": stalling()}) as server, client_for as client, ThreadPoolExecutor(8) as pool:
        errors = list(pool.map(lambda _: trouble_of(client, server.url), range(16)))
    assert {error.trouble for error in errors} == {"budget"}
    assert time.monotonic() - started < ENDS_WITHIN


def test_waiting_to_ask_again_never_exceeds_the_budget() -> None:
    slept: list[float] = []
    budget = Budget(5, clock=lambda: sum(slept))
    around = Surroundings(sleep=slept.append, chance=lambda: 1.0)
    with serving({"/": answer(503)}) as server, web(budget=budget, retries=9, surroundings=around) as client:
        assert client.request("GET", server.url).status == 503
    assert slept == [0.5, 1, 2]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_stay_with_their_host(status: int) -> None:
    headers = {"Authorization": SECRET, "Cookie": SECRET, "X-JFrog-Art-Api": SECRET, "Accept": "application/json"}
    with serving({"/end": answer(200, b"there")}) as other:
        far = redirect(f"{other.url}/end", status)
        with serving({"/": redirect("/near", status), "/near": far}) as server, web() as client:
            found = client.request("GET", server.url, headers=headers)
    assert found == Answer(200, found.headers, b"there", f"{other.url}/end")
    near = [request.headers.get("authorization") for request in server.received]
    assert near == [SECRET, SECRET]
    assert SECRET not in repr(other.received)
    assert other.received[0].headers["accept"] == "application/json"


def test_credentials_do_not_come_back_after_a_detour() -> None:
    with serving({}) as other, serving({"/": redirect(f"{other.url}/"), "/back": answer()}) as server, web() as client:
        other.routes["/"] = redirect(f"{server.url}/back")
        assert client.request("GET", server.url, headers={"Authorization": SECRET}).status == 200
    assert [("authorization" in request.headers) for request in server.received] == [True, False]


def test_a_body_is_not_redirected_to_another_host() -> None:
    with serving({"/": answer()}) as other, serving({"/": redirect(other.url, 307)}) as server, web() as client:
        assert trouble_of(client, server.url, "POST").trouble == "redirect"
    assert other.received == []


def test_a_post_that_is_redirected_becomes_a_get_unless_told_otherwise() -> None:
    routes = {"/see": redirect("/end", 303), "/again": redirect("/end", 307), "/end": answer()}
    with serving(routes) as server, web() as client:
        for path in ("/see", "/again"):
            client.request("POST", server.url + path, body=b"form")
    ends = [(request.method, request.body) for request in server.received if request.path == "/end"]
    assert ends == [("GET", b""), ("POST", b"form")]


def test_redirects_end_after_five() -> None:
    hops = {f"/{number}": redirect(f"/{number + 1}") for number in range(9)}
    with serving(hops | {"/9": answer(200, b"end")}) as server, web() as client:
        assert client.request("GET", f"{server.url}/4").body == b"end"
        assert "more than 5 redirects" in str(trouble_of(client, f"{server.url}/3"))
        assert client.request("GET", f"{server.url}/3", follow=False).status == 302


def test_a_circle_is_noticed_on_its_first_return() -> None:
    with serving({"/a": redirect("/b"), "/b": redirect("/a")}) as server, web() as client:
        assert "in a circle" in str(trouble_of(client, f"{server.url}/a"))
        assert len(server.received) == 2


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(b"said", mtime=0), {"content_encoding": "gzip"}),
        (gzip.compress(b"sa", mtime=0) + gzip.compress(b"id", mtime=0), {"content_encoding": "X-GZip"}),
        (b"said", {"content_encoding": "identity"}),
        (b"4\r\nsaid\r\n0\r\n\r\n", {"content_length": "", "transfer_encoding": "chunked"}),
    ],
)
def test_a_body_is_decoded(body: bytes, headers: dict[str, str]) -> None:
    with serving({"/": answer(200, body, **headers)}) as server, web() as client:
        assert client.request("GET", server.url).body == b"said"


def test_a_body_of_exactly_the_limit_is_read() -> None:
    routes = {
        "/plain": answer(200, b"x" * ROOM),
        "/gzip": answer(200, gzip.compress(bytes(ROOM)), content_encoding="gzip"),
    }
    with serving(routes) as server, web() as client:
        for path in routes:
            assert len(client.request("GET", server.url + path, limit=ROOM).body) == ROOM
            with pytest.raises(WebError, match="larger than 99999 bytes"):
                client.request("GET", server.url + path, limit=ROOM - 1)


def test_the_length_that_a_head_answer_names_is_not_its_body() -> None:
    with serving({"/": answer(200, b"", content_length=str(ROOM * 1000))}) as server, web() as client:
        assert client.request("HEAD", server.url, limit=10).headers["content-length"] == str(ROOM * 1000)


def test_connections_are_kept_and_a_stale_one_is_replaced() -> None:
    with serving({"/": answer(200, b"body")}) as server, web(retries=1) as client:
        for method in ("GET", "HEAD", "GET"):
            client.request(method, server.url)
        assert [request.connection for request in server.received] == [0, 0, 0]
        server.routes["/"] = raw(OK + b"Content-Length: 4\r\n\r\nlast")
        client.request("GET", server.url)
        server.routes["/"] = answer()
        time.sleep(0.05)
        assert client.request("GET", server.url).status == 200
    assert server.connections == 2


def test_a_connection_with_unread_bytes_is_not_used_again() -> None:
    with serving({"/": answer(200, b"x" * (ROOM + 1)), "/well": answer(200, b"well")}) as server, web() as client:
        trouble_of(client, server.url)
        assert client.request("GET", f"{server.url}/well").body == b"well"


def test_more_threads_than_kept_connections_wait_for_nobody() -> None:
    together = threading.Barrier(8, timeout=5)

    def meet(line: object, request: object) -> bool:
        del line, request
        together.wait()
        return False

    with serving({"/": meet}) as server, web(connections=2) as client, ThreadPoolExecutor(8) as pool:
        # The server answers none before all eight have come.
        list(pool.map(lambda _: trouble_of(client, server.url), range(8)))
    assert (client.requests, server.connections) == (8, 8)


def test_no_cookie_and_no_netrc_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with serving({"/": answer(200, set_cookie="a=b; Path=/")}) as server, web() as client:
        client.request("GET", server.url)
        client.request("GET", server.url)
    sent = {name for request in server.received for name in request.headers}
    assert sent.isdisjoint({"cookie", "authorization"})


def test_a_header_with_a_line_end_is_refused_without_being_told() -> None:
    with serving({}) as server, web() as client:
        error = trouble_of(client, server.url, headers={"Authorization": f"Bearer {SECRET}\n"})
    assert (error.trouble, server.received) == ("content", [])
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["169.254.169.254"], ["::1"], ["64:ff9b::7f00:1"], ["0.0.0.0"]],  # noqa: S104 - refused
)
def test_a_name_that_lies_at_a_private_address_is_not_contacted(addresses: list[str]) -> None:
    connected: list[SocketAddress] = []
    around = Surroundings(resolving(*addresses), lambda _, address: connected.append(address))
    with web(surroundings=around) as client:
        assert trouble_of(client, "https://registry.example.com/v2/").trouble == "address"
    assert connected == []


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    asked: list[str] = []
    connected: list[SocketAddress] = []
    answers = itertools.chain(["93.184.216.34"], itertools.repeat("127.0.0.1"))

    def resolve(host: str, port: int, family: int, kind: int) -> list[Resolved]:
        return resolving(next(answers), asked=asked)(host, port, family, kind)

    with serving({"/": answer(200, b"first")}) as server:

        def connect(connection: socket.socket, address: SocketAddress) -> None:
            connected.append(address)
            connection.connect(("127.0.0.1", server.port))

        around = Surroundings(resolve, connect, chance=lambda: 0.0)
        with web(plain_http=["registry.example.com"], surroundings=around) as client:
            assert client.request("GET", "http://registry.example.com/").body == b"first"
    with web(plain_http=["registry.example.com"], surroundings=around) as client:
        assert trouble_of(client, "http://registry.example.com/").trouble == "address"
    assert connected == [("93.184.216.34", 80)]
    assert asked == ["registry.example.com"] * 2
    assert server.received[0].headers["host"] == "registry.example.com"


def test_a_dead_first_address_leaves_time_for_the_second() -> None:
    tried: list[tuple[str | int, float]] = []
    with serving({"/": answer()}) as server:

        def connect(connection: socket.socket, address: SocketAddress) -> None:
            seconds = connection.gettimeout() or 0.0
            tried.append((address[0], seconds))
            if len(tried) == 1:
                time.sleep(seconds)
                raise TimeoutError
            connection.connect(("127.0.0.1", server.port))

        around = Surroundings(resolving("93.184.216.34", "93.184.216.35"), connect)
        limits = Limits(connect=1.0)
        with web(plain_http=["registry.example.com"], limits=limits, surroundings=around) as client:
            assert client.request("GET", "http://registry.example.com/").status == 200
    assert [address for address, _ in tried] == ["93.184.216.34", "93.184.216.35"]
    assert min(seconds for _, seconds in tried) > 0.1


def test_an_unknown_name_and_a_resolver_that_hangs_are_told_apart() -> None:
    def unknown(host: str, port: int, family: int, kind: int) -> list[Resolved]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known", host, port, family, kind)

    gone = threading.Event()

    def hanging(host: str, port: int, family: int, kind: int) -> list[Resolved]:
        gone.wait(10)
        return resolving("93.184.216.34")(host, port, family, kind)

    found = []
    for resolve in (unknown, resolving(), hanging):
        with web(limits=QUICK, surroundings=Surroundings(resolve)) as client:
            found.append(trouble_of(client, "https://registry.example.com/").trouble)
    gone.set()
    assert found == ["dns", "dns", "timeout"]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[FaultServer]:
    routes = {"/": answer(200, b"safe"), "/slow": trickling(OK + b"Content-Length: 999\r\n\r\n"), "/cut": truncated(9)}
    with serving(routes, self_signed(tmp_path, "registry.example.com", "127.0.0.1")) as server:
        yield server


def test_a_certificate_that_nobody_trusts_is_refused(secure: FaultServer) -> None:
    with web(retries=2) as client:
        error = trouble_of(client, secure.url)
        assert (error.trouble, client.requests, secure.received) == ("tls", 1, [])
    assert "self-signed certificate" in str(error)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_named_bundle_is_trusted_and_tls_keeps_to_the_name(
    secure: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "certificate.pem"))
    around = Surroundings(resolving("127.0.0.1"))
    with web(private=["*.example.com"], surroundings=around) as client:
        assert client.request("GET", f"https://Registry.Example.com.:{secure.port}").body == b"safe"
        error = trouble_of(client, f"https://other.example.com:{secure.port}")
    assert (secure.received[0].sni, secure.received[0].headers["host"]) == (
        "registry.example.com",
        f"registry.example.com:{secure.port}",
    )
    assert error.trouble == "tls"
    assert "not valid for 'other.example.com'" in str(error)


def test_faults_over_tls_have_the_same_words(
    secure: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with web(limits=QUICK) as client:
        assert trouble_of(client, f"{secure.url}/slow").trouble == "timeout"
    with web() as client:
        assert trouble_of(client, f"{secure.url}/cut").trouble == "content"
        assert client.request("POST", secure.url, body=b"x" * 1_000_000).body == b"safe"


def test_a_bundle_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with web() as client:
        error = trouble_of(client, "https://127.0.0.1:1/")
    assert (error.trouble, "none.pem" in str(error)) == ("tls", True)


def test_a_server_without_tls_and_one_that_says_nothing_end_too() -> None:
    with serving({}) as plain, web() as client:
        assert trouble_of(client, f"https://{plain.authority}/").trouble == "tls"
    with closing(socket.create_server(("127.0.0.1", 0))) as deaf, web(limits=QUICK) as client:
        port = deaf.getsockname()[1]
        assert trouble_of(client, f"https://127.0.0.1:{port}/").trouble == "timeout"
        with pytest.raises(WebError, match="did not answer in time"):
            client.request("POST", f"http://127.0.0.1:{port}/", body=bytes(50_000_000))


def test_a_proxy_is_asked_for_names_that_only_it_resolves(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = {"http://registry.example.com/v2/": answer(200, b"far"), "registry.example.com:443": answer(403)}
    with serving(routes) as proxy, web(private=[], plain_http=["registry.example.com", "127.0.0.1"]) as client:
        monkeypatch.setenv("http_proxy", f"http://me:{SECRET}@{proxy.authority}")
        monkeypatch.setenv("https_proxy", proxy.authority)
        assert client.request("GET", "http://registry.example.com/v2/?n=1").body == b"far"
        error = trouble_of(client, "https://registry.example.com/")
        for url in ("http://127.0.0.1/", "https://localhost/", "https://10.0.0.1/"):
            assert trouble_of(client, url).trouble == "address"
    assert error.trouble == "refused"
    assert [request.method for request in proxy.received] == ["GET", "CONNECT"]
    assert proxy.received[0].headers["proxy-authorization"].startswith("Basic ")
    assert "proxy-authorization" not in proxy.received[1].headers


def test_no_proxy_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"/": answer()}) as server, serving({}) as proxy, web() as client:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.0/8")
        assert client.request("GET", server.url).status == 200
    assert proxy.received == []


def test_a_proxy_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", f"socks5://me:{SECRET}@127.0.0.1:1080")
    with web() as client:
        error = trouble_of(client, "https://registry.example.com/")
    assert (error.trouble, SECRET in str(error)) == ("refused", False)


def test_tls_goes_through_a_proxy_to_the_name(
    secure: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving({"*": tunnel(secure.port)}) as proxy, web(private=[], limits=Limits(answer=1)) as client:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        assert client.request("GET", "https://registry.example.com/").body == b"safe"
        assert trouble_of(client, "https://registry.example.com/slow").trouble == "timeout"
    assert secure.received[0].sni == "registry.example.com"
