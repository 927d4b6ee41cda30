"""Every place of a workload that may name a host."""

import pytest

from inferred_edges import config_map, env, inferred, reasons, rows, service, workload

DB = service("db", "[{port: 5432, targetPort: 8080}]") + workload("db")
EDGE = {("web", "db", "TCP 8080")}


def mounted(name: str, volume: str) -> tuple[str, str]:
    """The container's part and the pod's part of a mount."""
    return f"volumeMounts: [{{name: {name}, mountPath: /etc/x}}]", f"volumes: [{{name: {name}, {volume}}}]"


def with_file(key: str, text: str) -> str:
    body = f"{key}: |\n" + "\n".join(f"  {line}" for line in text.split("\n"))
    container, pod = mounted("conf", "configMap: {name: conf}")
    return DB + config_map("conf", body) + workload("web", container, more=pod)


FILES = [
    ("app.properties", "spring.datasource.url=jdbc:postgresql://db:5432/x"),
    ("app.properties", "db.host=db\ndb.port=5432"),
    ("app.yaml", "database:\n  host: db\n  port: 5432"),
    ("app.yml", "servers:\n- db:5432"),
    ("app.json", '{"database": {"host": "db", "port": 5432}}'),
    ("app.json", '{\n\t"url": "postgres://db:5432"\n}'),
    ("app.toml", '[database]\nhost = "db"\nport = 5432'),
    ("app.toml", 'peers = [\n  "db:5432",\n]'),
    ("app.ini", "[a]\nhost=nothing.example.com\nport=1\n[b]\nhost = db\nport = 5432"),
    ("nginx.conf", "upstream web {\n  server db:5432;\n}\nserver { location / { proxy_pass http://web; } }"),
    ("default.conf", "location / {\n  proxy_pass http://db:5432;\n}"),
    ("haproxy.cfg", "backend web\n  server one db:5432 check"),
    (
        "envoy.yaml",
        "clusters:\n- load_assignment:\n    endpoints:\n    - socket_address: {address: db, port_value: 5432}",
    ),
    ("output.conf", "[OUTPUT]\n  Name pg\n  Host db\n  Port 5432"),
    ("settings", "DATABASE_URL=postgres://db:5432/x"),
    ("run.sh", "#!/bin/sh\nuntil pg_isready -h db; do sleep 1; done"),
    ("notes.txt", "the database is at postgres://db:5432"),
]


@pytest.mark.parametrize(("key", "text"), FILES)
def test_a_mounted_file_is_read_in_its_form(key: str, text: str) -> None:
    found = inferred(with_file(key, text))
    assert {row for row in rows(found) if "example" not in row[1]} == EDGE


SILENT_FILES = [
    ("app.yaml", "name: db\ntitle: the db\nlabels: {app: db}"),
    ("app.properties", "# db.url=postgres://db:5432"),
    ("nginx.conf", "server_name db;\nlisten 8080;"),
    ("app.json", '{"$schema": "https://json-schema.org/x"}'),
    ("notes.txt", "db is the database, see db"),
]


@pytest.mark.parametrize(("key", "text"), SILENT_FILES)
def test_words_in_a_file_are_no_connection(key: str, text: str) -> None:
    found = inferred(with_file(key, text))
    assert not found.edges
    assert not found.unresolved


def test_the_evidence_in_a_file_names_its_own_line() -> None:
    found = inferred(with_file("app.properties", "a=1\nb=2\ndb.url=postgres://db:5432/x"))
    (edge,) = found.edges
    (proof,) = edge.evidence
    text = with_file("app.properties", "a=1\nb=2\ndb.url=postgres://db:5432/x").split("\n")
    assert "db.url=postgres" in text[proof.place.start.line - 1]
    assert proof.place.keypath == ("data", "app.properties")
    assert proof.through is not None
    assert "configMap: {name: conf}" in text[proof.through.start.line - 1]
    assert (edge.confidence, proof.source) == ("high", "file app.properties")


def test_a_file_that_nobody_mounts_says_nothing() -> None:
    body = config_map("conf", "a: postgres://db:5432")
    assert not inferred(DB + body + workload("web")).unresolved
    found = inferred(DB + body + workload("web", more="volumes: [{name: c, configMap: {name: conf}}]"))
    assert not found.edges
    assert reasons(found) == {("postgres://db:5432", "not-mounted")}


def test_only_the_keys_that_a_volume_takes_are_read() -> None:
    container, pod = mounted("c", "configMap: {name: conf, items: [{key: other, path: x}]}")
    text = DB + config_map("conf", "a: postgres://db:5432\nother: nothing")
    assert not inferred(text + workload("web", container, more=pod)).edges


def test_a_projected_volume_is_read() -> None:
    container, pod = mounted("c", "projected: {sources: [{configMap: {name: conf}}]}")
    text = DB + config_map("conf", "a: postgres://db:5432")
    assert rows(inferred(text + workload("web", container, more=pod))) == EDGE


def test_a_key_of_a_config_map_is_read() -> None:
    container = "env: [{name: DB_HOST, valueFrom: {configMapKeyRef: {name: conf, key: host}}}]"
    found = inferred(DB + config_map("conf", "host: db") + workload("web", container))
    assert rows(found) == EDGE
    (proof,) = found.edges[0].evidence
    assert (proof.text, proof.place.keypath) == ("DB_HOST: db", ("data", "host"))


def test_all_keys_of_env_from_are_read_with_their_prefix() -> None:
    container = "envFrom: [{prefix: DB_, configMapRef: {name: conf}}]"
    found = inferred(DB + config_map("conf", "HOST: db\nPORT: '5432'") + workload("web", container))
    assert rows(found) == EDGE


def test_configuration_that_several_workloads_read_whole_is_less_certain() -> None:
    container = "envFrom: [{configMapRef: {name: conf}}]"
    text = DB + config_map("conf", "URL: postgres://db:5432") + workload("web", container) + workload("two", container)
    assert {edge.confidence for edge in inferred(text).edges} == {"medium"}


SECRETS = [
    config_map("s", "url: postgres://admin:hunter2hunter2@db:5432/x", "Secret", "stringData"),
    config_map("s", "url: cG9zdGdyZXM6Ly9hZG1pbjpodW50ZXIyaHVudGVyMkBkYjo1NDMyL3g=", "Secret"),
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "container",
    [
        "env: [{name: URL, valueFrom: {secretKeyRef: {name: s, key: url}}}]",
        "envFrom: [{secretRef: {name: s}}]",
        "args: ['--url=$(URL)']\nenv: [{name: URL, valueFrom: {secretKeyRef: {name: s, key: url}}}]",
    ],
)
def test_a_secret_gives_the_connection_and_is_never_shown(secret: str, container: str) -> None:
    found = inferred(DB + secret + workload("web", container))
    assert rows(found) == EDGE
    assert "hunter2" not in repr(found)
    assert "postgres" not in repr(found)
    assert "(value of a Secret)" in found.edges[0].evidence[0].text


def test_a_host_outside_that_stands_in_a_secret_is_not_shown() -> None:
    secret = config_map("s", "a: https://hidden.example.com\nb: 10.11.12.13:80\nc: http://lost", "Secret", "stringData")
    found = inferred(secret + workload("web", "envFrom: [{secretRef: {name: s}}]"))
    assert {(edge.target, edge.host, edge.ports) for edge in found.edges} == {("external", "", ("TCP 80", "TCP 443"))}
    assert reasons(found) == {("(in a Secret)", "unknown-service")}
    assert not any(word in repr(found) for word in ("hidden.example", "10.11.12", "lost"))


def test_a_secret_password_in_an_address_hides_only_itself() -> None:
    secret = config_map("s", "pw: hunter2hunter2", "Secret", "stringData")
    container = (
        "env:\n- {name: PW, valueFrom: {secretKeyRef: {name: s, key: pw}}}\n"
        "- {name: DB_URL, value: 'postgres://app:$(PW)@db:5432/x'}"
    )
    found = inferred(DB + secret + workload("web", container))
    assert rows(found) == EDGE
    assert found.edges[0].evidence[0].text == "DB_URL: postgres://db:5432"


def test_keys_of_a_file_in_a_secret_are_not_shown() -> None:
    secret = config_map(
        "s", "app.conf: |\n  hunter2hunter2=http://db:5432\nopts: --hunter2=http://db:5432", "Secret", "stringData"
    )
    container, pod = mounted("c", "secret: {secretName: s}")
    words = "\nargs: ['$(opts)']\nenvFrom: [{secretRef: {name: s}}]"
    found = inferred(DB + secret + workload("web", container + words, more=pod))
    assert rows(found) == EDGE
    assert "hunter2" not in repr(found)


def test_configuration_that_is_not_there_is_listed() -> None:
    container = (
        "envFrom: [{configMapRef: {name: gone}}]\n"
        "env:\n- {name: DB_HOST, valueFrom: {secretKeyRef: {name: lost, key: host}}}\n"
        "- {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: lost, key: pw}}}"
    )
    assert reasons(inferred(workload("web", container))) == {
        ("ConfigMap/gone", "not-in-repository"),
        ("Secret/lost host", "not-in-repository"),
    }


def test_variables_in_values_are_replaced() -> None:
    pairs = env("NAME=db", "PORT=5432", "DB_URL=postgres://$(NAME):$(PORT)/x")
    assert rows(inferred(DB + workload("web", pairs))) == EDGE


COMMANDS = [
    "args: [--db=db:5432]",
    "args: ['--db', 'db:5432']",
    "args: [--db-host, db]",
    "args: [--db-host=db, --db-port=5432]",
    "command: [wait-for-it, 'db:5432', --, run]",
    "command: [nc, -z, db, '5432']",
    "command: [sh, -c, 'until nc -z -w 2 db 5432; do sleep 1; done']",
    "command: [sh, -c, 'psql -h db -U me -c \"select 1\"']",
    "command: [psql, '--host=db', --port, '5432']",
    "command: [sh, -c, 'until (echo > /dev/tcp/db/5432); do sleep 1; done']",
    "command: [sh, -c, 'exec app --url postgres://db']",
    "command: [sh, -c, 'curl -s http://$DB_ADDR/x']\n" + env("DB_ADDR=db:5432"),
    "command: [sh, -c, 'app ${DB:-db}:5432']",
    "lifecycle: {postStart: {exec: {command: [curl, 'http://db:5432']}}}",
]


@pytest.mark.parametrize("container", COMMANDS)
def test_commands_and_scripts_are_read(container: str) -> None:
    assert rows(inferred(DB + workload("web", container))) == EDGE


SILENT_COMMANDS = [
    "args: [db]",
    "args: [--name, db]",
    "args: [--name=db]",
    "args: [--listen=0.0.0.0:5432]",
    "command: [sh, -c, 'echo db is up']",
    "command: [sh, -c, '# curl http://db:5432']",
    "command: [sh, -c, 'df -h db']",
]


@pytest.mark.parametrize("container", SILENT_COMMANDS)
def test_words_of_a_command_are_no_connection(container: str) -> None:
    found = inferred(DB + workload("web", container))
    assert not found.edges
    assert not found.unresolved


def test_a_name_that_is_only_looked_up_is_listed_as_such() -> None:
    found = inferred(DB + workload("web", "command: [sh, -c, 'until nslookup db; do sleep 1; done']"))
    assert not found.edges
    assert reasons(found) == {("db", "lookup-only")}


@pytest.mark.parametrize("kind", ["DaemonSet", "StatefulSet", "ReplicaSet", "Job"])
def test_every_kind_of_workload_is_read(kind: str) -> None:
    found = inferred(DB + workload("web", env("U=http://db:5432"), kind=kind))
    assert [edge.source for edge in found.edges] == [f"default/{kind}/web"]


def test_cron_jobs_init_containers_and_sidecars_are_read() -> None:
    text = """
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: web}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          initContainers: [{name: a, image: a, env: [{name: A_URL, value: 'http://db:5432'}]}]
          containers: [{name: b, image: b}, {name: c, image: c, args: ['--target=http://db:5432']}]
"""
    (edge,) = inferred(DB + text).edges
    assert (edge.source, len(edge.evidence)) == ("default/CronJob/web", 2)


def test_probes_give_a_note_and_no_edge() -> None:
    found = inferred(DB + workload("web", "readinessProbe: {httpGet: {path: /, port: 8080, host: db}}"))
    assert not found.edges
    assert [note.times for note in found.notes] == [1]
    assert "node" in found.notes[0].text
