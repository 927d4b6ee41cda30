"""One request and its answer, on urllib3: pools of connections, TLS, and the proxies of the environment."""

import ssl
import threading
from os import environ
from pathlib import Path
from socket import socket

from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_auth_from_url, get_environ_proxies, select_proxy
from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout, make_headers
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from gitops_guard import __version__
from gitops_guard.web.body import read_body
from gitops_guard.web.budget import HEADER_BYTES, Limits, Pace
from gitops_guard.web.connection import Dialler, PacedContext, PacedTlsSocket
from gitops_guard.web.failure import explained
from gitops_guard.web.request import Answer, Request
from gitops_guard.web.trouble import WebError

_POOLS = 64
_OVERHEAD = 8
"""Bytes on the wire for each byte of a body: chunks may be small, but not endlessly so."""

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_OWN_HEADERS = {"user-agent": f"gitops-guard/{__version__}", "accept": "*/*", "accept-encoding": "gzip"}


class Exchange:
    """Sends requests over kept connections; safe for use by several threads.

    Through a proxy (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`) it is the proxy that resolves names: there a host can only
    be checked as it is written. Certificates are checked against the bundle that `REQUESTS_CA_BUNDLE`,
    `CURL_CA_BUNDLE` or `SSL_CERT_FILE` names, else against certifi's.

    Args:
        pace: what the request of a thread may take.
        limits: time-outs where the pace has no say.
        dialler: opens connections.
        connections: how many are kept per host.
    """

    def __init__(self, pace: Pace, limits: Limits, dialler: Dialler, connections: int) -> None:
        self._pace = pace
        self._timeout = Timeout(connect=limits.connect, read=limits.idle)
        self._dialler = dialler
        self._connections = connections
        self._managers: dict[str, PoolManager] = {}
        self._lock = threading.Lock()

    def send(self, request: Request) -> Answer:
        """Sends one request and reads its answer.

        Raises:
            WebError: there is none that may be used.
        """
        host = request.target.host
        manager = self._manager(request.target.url)
        self._pace.begin(host)
        try:
            response = self._opened(manager, request)
        except (HTTPError, OSError) as error:
            raise explained(error, host, self._pace, in_body=False) from None
        try:
            return self._read(response, request)
        except (HTTPError, OSError) as error:
            raise explained(error, host, self._pace, in_body=True) from None
        finally:
            # A body that was not read to its end leaves a connection that nobody else may use.
            response.close()

    def close(self) -> None:
        """Closes the connections that are kept."""
        with self._lock:
            for manager in self._managers.values():
                manager.clear()

    def _opened(self, manager: PoolManager, request: Request) -> BaseHTTPResponse:
        return manager.urlopen(
            request.method,
            request.target.url,
            redirect=False,
            retries=False,
            body=request.body,
            headers=_OWN_HEADERS | {name.lower(): value for name, value in request.headers.items()},
            preload_content=False,
            decode_content=False,
            timeout=self._timeout,
        )

    def _read(self, response: BaseHTTPResponse, request: Request) -> Answer:
        self._pace.allow(_OVERHEAD * request.limit + HEADER_BYTES)
        body = b"" if request.method == "HEAD" else read_body(response, request.limit, request.target.host)
        headers = {name.lower(): value for name, value in response.headers.items()}
        response.release_conn()
        return Answer(response.status, headers, body, request.target.url)

    def _manager(self, url: str) -> PoolManager:
        proxy = select_proxy(url, get_environ_proxies(url)) or ""
        with self._lock:
            if proxy not in self._managers:
                self._managers[proxy] = self._made(proxy)
            return self._managers[proxy]

    def _made(self, proxy: str) -> PoolManager:
        context = _context(self._pace)
        if not proxy:
            manager = PoolManager(_POOLS, ssl_context=context, maxsize=self._connections, block=False)
        else:
            manager = _proxied(proxy if "://" in proxy else f"http://{proxy}", context, self._connections)
        manager.pool_classes_by_scheme = _pool_classes(self._dialler, proxied=bool(proxy))
        return manager


def _proxied(proxy: str, context: ssl.SSLContext, connections: int) -> PoolManager:
    if not proxy.startswith(("http://", "https://")):
        raise WebError("refused", "the proxy that the environment names is of a kind that is not supported")
    user, password = get_auth_from_url(proxy)
    headers = make_headers(proxy_basic_auth=f"{user}:{password}") if user else None
    return ProxyManager(
        proxy, _POOLS, proxy_headers=headers, proxy_ssl_context=context, ssl_context=context, maxsize=connections
    )


def _pool_classes(dialler: Dialler, *, proxied: bool) -> dict[str, type[HTTPConnectionPool]]:
    dial = dialler.open_proxy if proxied else dialler.open

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket:
            return dial(self.host, self.port)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket:
            return dial(self.host, self.port)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _context(pace: Pace) -> PacedContext:
    context = PacedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = PacedTlsSocket
    context.pace = pace
    bundle = next((path for name in _BUNDLES if (path := environ.get(name))), "") or DEFAULT_CA_BUNDLE_PATH
    try:
        context.load_verify_locations(**{"capath" if Path(bundle).is_dir() else "cafile": bundle})
    except OSError:
        raise WebError("tls", f"the certificates of {bundle} cannot be read") from None
    return context
