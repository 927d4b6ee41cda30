"""Scan services on this machine that answer as their documentation says, and refuse what their originals refuse.

Each checks the method, the path with its encoding, the query, the headers and the credentials of a question, and keeps
what it was asked. `fault` replaces every answer.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

DIGEST = "sha256:" + "0123456789abcdef" * 4
OTHER_DIGEST = "sha256:" + "fedcba9876543210" * 4
USER, PASSWORD, TOKEN = "robot$ci", "s3cret:with colon", "t0ken-of-the-service"

_BASIC = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_BEARER = f"Bearer {TOKEN}"


class Question(NamedTuple):
    """A request; `path` is as it came over the wire, header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Reply(NamedTuple):
    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Service:
    """One service; `answer` gives its documented replies."""

    def __init__(self, answer: Callable[[Question], Reply]) -> None:
        self.answer = answer
        self.fault: Callable[[Question], Reply] | None = None
        self.questions: list[Question] = []
        self.url = ""

    def reply(self, question: Question) -> Reply:
        self.questions.append(question)
        return (self.fault or self.answer)(question)


@contextmanager
def running(answer: Callable[[Question], Reply]) -> Iterator[Service]:
    """Serves at a free port of 127.0.0.1 for as long as the block lasts."""
    service = Service(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for headers and body

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            words = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            reply = service.reply(Question(self.command, path, words, headers, body))
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Stays silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Stays silent about clients that have gone."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def said(document: Any, status: int = 200) -> Reply:
    """A reply in JSON."""
    return Reply(status, json.dumps(document).encode())


# Harbor, API v2.0: api/v2.0/swagger.yaml

REPORT_1_1 = "application/vnd.security.vulnerability.report; version=1.1"
REPORT_1_0 = "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0"
SCANNER = {"name": "Trivy", "vendor": "Aqua Security", "version": "v0.58.1"}
_HARBOR = re.compile(
    r"/api/v2\.0/projects/([^/]+)/repositories/([^/]+)/artifacts/(sha256:[0-9a-f]{64})(/additions/vulnerabilities)?"
)


def harbor_overview(status: str = "Success", total: int = 1, **more: Any) -> dict[str, Any]:
    summary = {"total": total, "fixable": total, "summary": {"High": total}}
    return {
        "report_id": "5f62c830-f996-11e9-957f-0242c0a89008",
        "scan_status": status,
        "severity": "High",
        "duration": 9,
        "summary": summary,
        "start_time": "2026-11-20T08:00:00.000Z",
        "end_time": "2026-11-20T08:00:09.000Z",
        "scanner": SCANNER,
        "complete_percent": 100,
        **more,
    }


def harbor_vulnerability(number: int = 1) -> dict[str, Any]:
    return {
        "id": f"CVE-2026-{number:05}",
        "package": "openssl",
        "version": "3.0.11-1",
        "fix_version": "3.0.15-1",
        "severity": "High",
        "description": "An invented weakness.",
        "links": ["https://example.com/advisory"],
        "artifact_digests": [DIGEST],
        "preferred_cvss": {"score_v3": 7.5, "vector_v3": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"},
        "cwe_ids": ["CWE-400"],
        "vendor_attributes": {},
    }


def harbor_report(*vulnerabilities: Any) -> dict[str, Any]:
    listed = list(vulnerabilities)
    return {
        "generated_at": "2026-11-20T08:00:08.123456789Z",
        "scanner": SCANNER,
        "severity": "High" if listed else "None",
        "vulnerabilities": listed,
    }


def harbor(overview: Any, report: Any, name: str = "shop/back/api") -> Callable[[Question], Reply]:
    """Knows one artifact; `overview` None: never scanned."""
    project, _, repository = name.partition("/")

    def refused(status: int, code: str) -> Reply:
        return said({"errors": [{"code": code, "message": code.lower()}]}, status)

    def answer(question: Question) -> Reply:
        match = _HARBOR.fullmatch(question.path)
        if question.method != "GET" or match is None:
            return refused(405, "METHOD_NOT_ALLOWED")
        if question.headers.get("authorization") != _BASIC:
            return refused(401, "UNAUTHORIZED")
        if "/" in unquote(match[2]) or unquote(match[1]) == "private":
            return refused(403, "FORBIDDEN")
        if (unquote(match[1]), unquote(unquote(match[2])), match[3]) != (project, repository, DIGEST):
            return refused(404, "NOT_FOUND")
        accepted = [part.strip() for part in question.headers.get("x-accept-vulnerabilities", "").split(",")]
        if REPORT_1_1 not in accepted:
            return refused(400, "BAD_REQUEST")
        if match[4]:
            return refused(404, "NOT_FOUND") if report is None else said({REPORT_1_1: report})
        artifact: dict[str, Any] = {"digest": DIGEST, "type": "IMAGE", "size": 100}
        if question.query.get("with_scan_overview") == "true" and overview is not None:
            artifact["scan_overview"] = {REPORT_1_1: overview}
        return said(artifact)

    return answer


# Quay, API v1: endpoints/api/secscan.py

_QUAY = re.compile(r"/api/v1/repository/([a-z0-9._/-]+)/manifest/(sha256:[0-9a-f]{64})/security")


def quay_feature(name: str = "openssl", *vulnerabilities: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "VersionFormat": "",
        "NamespaceName": "",
        "AddedBy": OTHER_DIGEST,
        "Version": "3.0.11-1",
        "BaseScores": [7.5],
        "CVEIds": [],
        "Vulnerabilities": list(vulnerabilities),
    }


def quay_vulnerability(number: int = 1, severity: str = "High") -> dict[str, Any]:
    return {
        "Severity": severity,
        "NamespaceName": "debian:12",
        "Link": "https://example.com/advisory",
        "FixedBy": "3.0.15-1",
        "Description": "An invented weakness.",
        "Name": f"CVE-2026-{number:05}",
        "Metadata": {"UpdatedBy": "debian", "RepoName": None, "NVD": {"CVSSv3": {"Vectors": "", "Score": 7.5}}},
    }


def quay_layer(*features: Any) -> dict[str, Any]:
    layer = {"Name": DIGEST, "ParentName": "", "NamespaceName": "", "IndexedByVersion": 4, "Features": list(features)}
    return {"Layer": layer}


def quay(status: str, data: Any, name: str = "shop/api") -> Callable[[Question], Reply]:
    """Knows one manifest."""

    def refused(status: int, kind: str) -> Reply:
        return said({"status": status, "error_type": kind, "title": kind, "type": f"/api/v1/error/{kind}"}, status)

    def answer(question: Question) -> Reply:
        match = _QUAY.fullmatch(question.path)
        if question.method != "GET" or match is None or question.query != {"vulnerabilities": "true"}:
            return refused(400, "invalid_request")
        if question.headers.get("authorization") != _BEARER:
            return refused(401, "invalid_token")
        if match[1].startswith("private/"):
            return refused(403, "insufficient_scope")
        if (match[1], match[2]) != (name, DIGEST):
            return refused(404, "not_found")
        return said({"status": status, "data": data})

    return answer


# Google, Container Analysis API v1

_GOOGLE = re.compile(r"/v1/projects/([a-z0-9-]+)/occurrences")
_FILTER = re.compile(r'kind="(VULNERABILITY|DISCOVERY)" AND resourceUrl="(https://[^"]+@sha256:[0-9a-f]{64})"')
GOOGLE_IMAGE = "europe-docker.pkg.dev/shop-prod/images/api"


def google_discovery(status: str = "FINISHED_SUCCESS", **more: Any) -> dict[str, Any]:
    discovery = {
        "continuousAnalysis": "ACTIVE",
        "analysisStatus": status,
        "lastScanTime": "2026-11-20T08:00:09.358092699Z",
        **more,
    }
    return _occurrence("DISCOVERY", "PACKAGE_VULNERABILITY", "d1") | {"discovery": discovery}


def google_vulnerability(number: int = 1) -> dict[str, Any]:
    vulnerability = {
        "severity": "HIGH",
        "cvssScore": 7.5,
        "packageIssue": [
            {
                "affectedCpeUri": "cpe:/o:debian:debian_linux:12",
                "affectedPackage": "openssl",
                "affectedVersion": {"name": "3.0.11", "revision": "1", "kind": "NORMAL", "fullName": "3.0.11-1"},
                "fixedPackage": "openssl",
                "fixedVersion": {"name": "3.0.15", "revision": "1", "kind": "NORMAL", "fullName": "3.0.15-1"},
                "fixAvailable": True,
                "packageType": "OS",
                "effectiveSeverity": "HIGH",
            }
        ],
        "shortDescription": f"CVE-2026-{number:05}",
        "effectiveSeverity": "HIGH",
        "fixAvailable": True,
    }
    return _occurrence("VULNERABILITY", f"CVE-2026-{number:05}", f"v{number}") | {"vulnerability": vulnerability}


def _occurrence(kind: str, note: str, name: str) -> dict[str, Any]:
    return {
        "name": f"projects/shop-prod/occurrences/{name}",
        "resourceUri": f"https://{GOOGLE_IMAGE}@{DIGEST}",
        "noteName": f"projects/goog-vulnz/notes/{note}",
        "kind": kind,
        "createTime": "2026-11-20T08:00:09.000000Z",
        "updateTime": "2026-11-20T08:00:09.000000Z",
    }


def google(*occurrences: Any, page: int = 1000, project: str = "shop-prod") -> Callable[[Question], Reply]:
    """Keeps occurrences of one project."""
    kept: dict[tuple[str, str], list[Any]] = {}
    for one in occurrences:
        kept.setdefault((one["kind"], one["resourceUri"]), []).append(one)

    def refused(status: int, word: str) -> Reply:
        return said({"error": {"code": status, "message": word, "status": word}}, status)

    def answer(question: Question) -> Reply:
        match = _GOOGLE.fullmatch(question.path)
        wanted = _FILTER.fullmatch(question.query.get("filter", ""))
        if question.method != "GET" or match is None or wanted is None:
            return refused(400, "INVALID_ARGUMENT")
        if question.headers.get("authorization") != _BEARER:
            return refused(401, "UNAUTHENTICATED")
        if match[1] != project:
            return refused(403, "PERMISSION_DENIED")
        found = kept.get((wanted[1], wanted[2]), [])
        start = int(question.query.get("pageToken", "token-0").removeprefix("token-"))
        size = min(page, int(question.query.get("pageSize", "20")))
        answered: dict[str, Any] = {"occurrences": found[start : start + size]} if found[start:] else {}
        if found[start + size :]:
            answered["nextPageToken"] = f"token-{start + size}"
        return said(answered)

    return answer


# JFrog Xray, API v1: artifact summary and artifact scan status

XRAY_PATH = "shop/api/1.2.3/manifest.json"


def xray_issue(number: int = 1) -> dict[str, Any]:
    return {
        "issue_id": f"XRAY-{number}",
        "summary": "An invented weakness.",
        "description": "An invented weakness.",
        "issue_type": "security",
        "severity": "High",
        "provider": "JFrog",
        "cves": [{"cve": f"CVE-2026-{number:05}", "cvss_v3": "7.5/CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
        "created": "2026-11-01T00:00:00.000Z",
        "impact_path": [f"default/docker-local/{XRAY_PATH}/sha256__0123.tar.gz/3.19:openssl:3.1.4-r0"],
    }


def xray_artifact(*issues: Any, digest: str = DIGEST) -> dict[str, Any]:
    general = {
        "name": "shop/api:1.2.3",
        "path": f"default/docker-local/{XRAY_PATH}",
        "pkg_type": "Docker",
        "sha256": digest.removeprefix("sha256:"),
        "component_id": "docker://shop/api:1.2.3",
    }
    return {"general": general, "issues": list(issues), "licenses": []}


def xray_status(word: str = "DONE", when: str = "2026-11-20T08:00:09Z") -> dict[str, Any]:
    return {"overall": {"status": word, "time": when}, "details": {"sca": {"status": word, "time": when}}}


def xray(artifact: Any, status: Any, path: str = XRAY_PATH) -> Callable[[Question], Reply]:
    """Knows one file of the repository `docker-local`; `status` None: a version without that question."""

    def summary(asked: Any) -> Reply:
        if not isinstance(asked.get("paths"), list):
            return said({"error": "paths or checksums are required"}, 400)
        known = f"default/docker-local/{path}"
        missing = [one for one in asked["paths"] if one != known]
        errors = [
            {"identifier": one, "error": "Artifact doesn't exist or not indexed/cached in Xray"} for one in missing
        ]
        return said({"artifacts": [artifact] if known in asked["paths"] else [], "errors": errors})

    def answer(question: Question) -> Reply:
        if question.headers.get("authorization") not in {_BEARER, _BASIC}:
            return said({"error": "Bad credentials"}, 401)
        if question.method != "POST" or question.headers.get("content-type") != "application/json":
            return said({"error": "unsupported"}, 415)
        asked = json.loads(question.body)
        if question.path == "/xray/api/v1/summary/artifact":
            return summary(asked)
        if question.path == "/xray/api/v1/artifact/status" and status is not None:
            known = (asked.get("repo"), asked.get("path")) == ("docker-local", path)
            return said(status) if known else said({"error": "unknown path"}, 404)
        return said({"error": "Not Found"}, 404)

    return answer


# Amazon ECR: JSON 1.1 over HTTP, as botocore's model of the service has it

ECR_HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def ecr_answer(status: str = "COMPLETE", findings: Any = None, **more: Any) -> dict[str, Any]:
    listed = {"imageScanCompletedAt": 1795161609.0, "findingSeverityCounts": {}, "findings": []}
    return {
        "registryId": "123456789012",
        "repositoryName": "shop/api",
        "imageId": {"imageDigest": DIGEST},
        "imageScanStatus": {"status": status, "description": "as documented"},
        "imageScanFindings": listed if findings is None else findings,
        **more,
    }


def ecr_basic(number: int = 1) -> dict[str, Any]:
    return {
        "name": f"CVE-2026-{number:05}",
        "description": "An invented weakness.",
        "uri": "https://example.com/advisory",
        "severity": "HIGH",
        "attributes": [{"key": "package_name", "value": "openssl"}, {"key": "package_version", "value": "3.0.11-1"}],
    }


def ecr_refusal(code: str, status: int = 400) -> Reply:
    return Reply(status, json.dumps({"__type": code, "message": "refused"}).encode(), "application/x-amz-json-1.1")


def ecr(*pages: Any) -> Callable[[Question], Reply]:
    """Gives one page after another."""
    operation = "AmazonEC2ContainerRegistry_V20150921.DescribeImageScanFindings"

    def answer(question: Question) -> Reply:
        if question.method != "POST" or question.headers.get("x-amz-target") != operation:
            return ecr_refusal("UnknownOperationException", 404)
        if not question.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/"):
            return ecr_refusal("UnrecognizedClientException")
        asked = json.loads(question.body)
        named = (asked.get("registryId"), asked.get("repositoryName"), asked.get("imageId"))
        if named != ("123456789012", "shop/api", {"imageDigest": DIGEST}):
            return ecr_refusal("ImageNotFoundException")
        number = int(asked.get("nextToken", "page-0").removeprefix("page-"))
        more = {"nextToken": f"page-{number + 1}"} if pages[number + 1 :] else {}
        return Reply(200, json.dumps({**pages[number], **more}).encode(), "application/x-amz-json-1.1")

    return answer
