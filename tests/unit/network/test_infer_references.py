"""Hosts and ports in texts."""

import pytest

from gitops_guard.network.references import references, whole

FOUND = [
    ("redis:6379", ["redis:6379"]),
    ("http://svc.ns:80/path?x=1", ["http://svc.ns:80"]),
    ("http://a:80,http://b:81", ["http://a:80", "http://b:81"]),
    ("jdbc:postgresql://h1:5432,h2:5433/db", ["postgresql://h1:5432", "postgresql://h2:5433"]),
    ("jdbc:oracle:thin:@host:1521:SID", ["host:1521"]),
    ("jdbc:sqlserver://db:1433;databaseName=x", ["sqlserver://db:1433"]),
    ("amqp://user:p%40ss@rabbit", ["amqp://rabbit"]),
    ("mongodb://u:p@m-0.m,m-1.m:27017/db?rs=1", ["mongodb://m-0.m", "mongodb://m-1.m:27017"]),
    ("mongodb+srv://cluster.example.com/db", ["mongodb://cluster.example.com"]),
    ("PLAINTEXT://k:9092,SSL://k2:9093", ["plaintext://k:9092", "ssl://k2:9093"]),
    ("kafka-0:9092,kafka-1:9092", ["kafka-0:9092", "kafka-1:9092"]),
    ("user:pass@tcp(mysql:3306)/db", ["mysql:3306"]),
    ("root:1234@tcp(db:3306)/x", ["db:3306"]),
    ("dns:///svc.ns:50051", ["svc.ns:50051"]),
    ("http://[fd00::1]:80/", ["http://[fd00::1]:80"]),
    ("--redis=redis:6379", ["redis:6379"]),
    ("to a.b.svc and c.d.svc.cluster.local.", ["a.b.svc", "c.d.svc.cluster.local."]),
    ("10.0.0.5:8080", ["10.0.0.5:8080"]),
    ("http://${HOST}:80/x", ["http://${HOST}:80"]),
]

SILENT = [
    "12:30:45",
    "nginx:1.25",
    "redis:99999",
    "sha256:0123abcd",
    "/data/redis:6379",
    "unix:///var/run/app.sock",
    "s3://bucket/key",
    "file:///etc/app.conf",
    'xmlns="http://www.w3.org/1999/xhtml"',
    "com.example.Main",
    "redis",
    "a sentence with words.",
    "amqp://user:secret",
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_hosts_are_found(text: str, expected: list[str]) -> None:
    assert [one.shown for one in references(text)] == expected


@pytest.mark.parametrize("text", SILENT)
def test_what_is_no_host_is_left_alone(text: str) -> None:
    assert not list(references(text))


def test_a_password_is_never_part_of_what_is_shown() -> None:
    found = [one.shown for one in references("postgres://admin:hunter2hunter2@db:5432/app?token=abc")]
    assert found == ["postgres://db:5432"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis", ["redis"]),
        ("a, b;c d", ["a", "b", "c", "d"]),
        ("db:5432", ["db:5432"]),
        ("10.1.2.3", ["10.1.2.3"]),
        ("::1", ["[::1]"]),
        ("two words!", []),
        ("/var/lib", []),
        ("-1", []),
        ("12345", []),
        ("a_b", []),
    ],
)
def test_a_whole_text_is_a_host_or_a_list_of_them(text: str, expected: list[str]) -> None:
    assert [one.shown for one in whole(text)] == expected
