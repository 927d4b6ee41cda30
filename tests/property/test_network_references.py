"""The inference on hostile texts: bounded in time, never a traceback, never a secret."""

import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.network.references import references, whole
from gitops_guard.network.sources.files import read_file
from inferred_edges import config_map, env, inferred, reasons, rows, service, workload

_SECONDS = 6
"""For a text of 1 MB; it takes about one."""

_PIECES = st.sampled_from(
    [
        "a", "-", ".", ":", "/", "//", "://", "@", ",", ";", "=", " ", "\n", "\t", "${", "}", "$(", ")", "[", "]",
        "{", "<", ">", "#", "'", '"', "\\", "1", "80", ":80", "db", "db:5432", "http://", "jdbc:",
        "mongodb+srv://", "user:secret@", ".svc", ".svc.cluster.local", "host=", "server ", "upstream db {", "nc ",
        "nslookup ", "-h ", "é", "\u2028", "\x00", "10.0.0.1",
    ]
)  # fmt: skip
_TEXTS = st.lists(_PIECES, max_size=30).map("".join)
_NAMES = st.sampled_from(["app.yaml", "app.json", "app.toml", "app.conf", "app.sh", "app"])

_ATOMS = [
    "a", ".", "a.", "a-", "://", "a://", "http://", "a:1,", "@", "${", "$(A)", "[", "{", "}\n", "<", "=", "--a=",
    "'", "a=b;", "a: ", "- ", "a.svc:1 ", "1.1.1.1", "nc a 1 ", "server a;\n", "upstream a {\n", "[a]\n", "a:\n ",
    "&a ", "*a ", "http://a,", "x" * 300 + ".",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_references_lie_within_their_text_and_hold_no_user_information(text: str) -> None:
    for one in (*references(text), *whole(text)):
        assert 0 <= one.start < one.end <= len(text)
        assert one.is_template or "@" not in one.host
        assert one.port is None or 0 < one.port < 65536


@settings(max_examples=300, deadline=None)
@given(_NAMES, _TEXTS)
def test_any_file_can_be_read(name: str, text: str) -> None:
    lines = text.count("\n") + 1
    assert all(-1 <= entry.line < lines for entry in read_file(name, text).entries)


@settings(max_examples=100, deadline=None)
@given(_TEXTS.filter(lambda text: text.isprintable()), _TEXTS.filter(lambda text: text.isprintable()))
def test_a_secret_is_never_in_the_result(one: str, other: str) -> None:
    value = f"{one}hunter2hunter2{other}".replace("'", "")
    text = config_map("s", f"url: '{value}'", "Secret", "stringData")
    app = service("db", "[{port: 5432}]") + workload("db")
    container = "envFrom: [{secretRef: {name: s}}]\nargs: ['$(url)', '--host=$(url)']"
    assert "hunter2" not in repr(inferred(text + app + workload("web", container)))


_WORDS = st.sampled_from(
    [
        "sh", "-c", "nc", "-z", "psql", "mysql", "redis-cli", "-h", "-hdb", "--host", "--host=db", "--host=", "-p",
        "5432", "curl", "wget", "nslookup", "getent", "hosts", "until", "do", "done", ";", "&&", "|", "db",
        "db:5432", "--db", "=", "-", "--db=db:5432", "http://db", "$(X)", "${X:-db}", "$X", "/dev/tcp/db/5432",
        "/dev/tcp/", "#", "'", '"', "\n", "A=db", "--",
    ]
)  # fmt: skip
_COMMANDS = st.lists(st.lists(_WORDS, max_size=6).map(" ".join), max_size=6)


@settings(max_examples=300, deadline=None)
@given(_COMMANDS)
def test_any_command_can_be_read(words: list[str]) -> None:
    text = service("db", "[{port: 5432}]") + workload("db")
    inferred(text + workload("web", f"command: {json.dumps(words)}\n{env('X=db')}"))


_MANIFESTS = """
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}, annotations: {prometheus.io/scrape: 'true', prometheus.io/port: '80'}}
spec:
  type: LoadBalancer
  loadBalancerSourceRanges: [192.0.2.0/24]
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: web, protocol: TCP}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: default}
spec:
  serviceName: web
  replicas: 2
  template:
    metadata: {labels: {app: web}, annotations: {prometheus.io/scrape: 'true'}}
    spec:
      serviceAccountName: op
      hostNetwork: true
      dnsConfig: {searches: [a.svc.cluster.local]}
      volumes:
      - {name: c, configMap: {name: conf, items: [{key: a, path: a}]}}
      - {name: p, projected: {sources: [{secret: {name: s}}]}}
      containers:
      - name: main
        image: registry.example.com/main
        command: [sh, -c, 'curl http://web']
        env: [{name: A_URL, value: 'http://web'}, {name: B, valueFrom: {secretKeyRef: {name: s, key: url}}}]
        envFrom: [{prefix: X, configMapRef: {name: conf}}]
        ports: [{name: web, containerPort: 8080, hostPort: 80}]
        volumeMounts: [{name: c, mountPath: /c}, {name: p, mountPath: /p}]
        readinessProbe: {httpGet: {port: 80}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a: 'http://web:80', app.yaml: 'host: web'}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {url: aHR0cDovL3dlYg==}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: in}
spec: {ingressClassName: nginx, rules: [{http: {paths: [{backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: in}
spec:
  parentRefs: [{name: g}]
  rules: [{filters: [{requestMirror: {backendRef: {name: web}}}], backendRefs: [{name: web, port: 80}]}]
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: in}
spec: {to: {name: web}, alternateBackends: [{name: web}], port: {targetPort: http}}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: m}
spec: {selector: {matchLabels: {app: web}}, endpoints: [{port: http}], namespaceSelector: {any: true}}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: m}
spec:
  selector: {matchLabels: {app: web}}
  podMetricsEndpoints: [{portNumber: 80}]
  namespaceSelector: {matchNames: [default]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hook}
webhooks: [{clientConfig: {service: {name: web, namespace: default, port: 80}}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b}
subjects: [{kind: ServiceAccount, name: op, namespace: default}, {kind: Group, name: 'system:serviceaccounts:default'}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets: [{addresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, name: x}}], ports: [{name: http, port: 80}]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: e, labels: {kubernetes.io/service-name: web}}
endpoints: [{addresses: [10.0.0.1]}]
ports: [{port: 80}]
"""
_VALUES = re.compile(r"(?<=[:\[{ ])[^\[\]{},:\n ]+(?=[,\]}\n])|\[[^\[\]]*\]|\{[^{}]*\}")
_ODD = st.sampled_from(
    ["null", "[]", "{}", "5", "-1", "99999999999", "true", "''", "x", "[null]", "[[]]", "{a: b}", "é", "1.5", '"\\0"']
)


def test_the_manifests_to_change_give_every_kind_of_connection() -> None:
    kinds = {proof.source for edge in inferred(_MANIFESTS).edges for proof in edge.evidence}
    assert kinds >= {
        "HTTPRoute",
        "Ingress",
        "PodMonitor",
        "RBAC",
        "Route",
        "Service",
        "ServiceMonitor",
        "annotation",
        "hostPort",
    }


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), _ODD), min_size=1, max_size=4))
def test_manifests_with_any_value_anywhere_can_be_read(changes: list[tuple[int, str]]) -> None:
    text = _MANIFESTS
    for number, odd in changes:
        places = list(_VALUES.finditer(text))
        chosen = places[number % len(places)]
        text = text[: chosen.start()] + odd + text[chosen.end() :]
    inferred(text)


@pytest.mark.parametrize("atom", _ATOMS)
def test_a_megabyte_in_one_config_map_takes_seconds(atom: str) -> None:
    long = (atom * (1_000_000 // len(atom) + 1))[:1_000_000]
    start = time.process_time()
    for name in ("app.conf", "app.yaml", "app.toml"):
        read_file(name, long)
    assert sum(1 for _ in references(long)) >= 0
    assert len(whole(long)) >= 0
    assert time.process_time() - start < _SECONDS


def test_a_mounted_megabyte_is_read_once_and_its_end_is_said_to_be_left_out() -> None:
    body = "big: |\n" + "".join(f"  http://a{n}.example.com:80 http://b{n}.example.com:80\n" for n in range(20_000))
    container = "volumeMounts: [{name: c, mountPath: /c}]"
    pods = "".join(workload(f"w{n}", container, more="volumes: [{name: c, configMap: {name: c}}]") for n in range(20))
    start = time.process_time()
    found = inferred(config_map("c", body) + pods)
    assert time.process_time() - start < 3 * _SECONDS
    assert ("", "limit") in reasons(found)
    assert len({row for row in rows(found) if row[0] == "w0"}) == 2_000


def test_ten_thousand_variables_that_refer_to_each_other_take_seconds() -> None:
    pairs = ["V0=http://db:5432/" + "x" * 500, *(f"V{n}=$(V{n - 1})$(V{n - 1})" for n in range(1, 12_000))]
    text = service("db", "[{port: 5432}]") + workload("db") + workload("web", env(*pairs))
    start = time.process_time()
    found = inferred(text)
    assert time.process_time() - start < 2 * _SECONDS
    assert rows(found) == {("web", "db", "TCP 8080")} or rows(found) == {("web", "db", "TCP 5432")}
    assert ("", "limit") in reasons(found)


def test_external_names_in_a_long_circle_end() -> None:
    names = [f"n{n}" for n in range(2_000)]
    text = "".join(
        f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
        f"spec: {{type: ExternalName, externalName: {names[(n + 1) % len(names)]}.default.svc.cluster.local}}\n"
        for n, name in enumerate(names)
    )
    start = time.process_time()
    found = inferred(text + workload("web", env(*(f"A{n}_URL=http://{name}:80" for n, name in enumerate(names)))))
    assert time.process_time() - start < _SECONDS
    assert not found.edges
    assert {reason for _, reason in reasons(found)} == {"cycle"}


def test_many_copies_of_one_application_stay_linear() -> None:
    def seconds(count: int) -> float:
        app = service("db", "[{port: 5432}]") + workload("db") + workload("web", env("DB_HOST=db"))
        files = {f"apps__team{n}__app": app for n in range(count)}
        start = time.process_time()
        found = inferred(**files)
        assert rows(found) == {("web", "db", "TCP 5432")}
        return time.process_time() - start

    small, large = seconds(100), seconds(800)
    assert large < 16 * max(small, 0.05)
