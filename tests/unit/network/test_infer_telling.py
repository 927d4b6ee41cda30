"""What merely looks like a name gives no connection; what stands in a telling place does."""

import pytest

from inferred_edges import env, inferred, reasons, rows, service, workload

APP = service("redis", "[{port: 6379, targetPort: 8080}]") + workload("redis")
EDGE = {("web", "redis", "TCP 8080")}

SILENT = [
    "APP_NAME=redis",
    "SERVICE_NAME=redis",
    "CACHE_TYPE=redis",
    "SESSION_DRIVER=redis",
    "DB_NAME=redis",
    "REDIS_USER=redis",
    "REDIS_IMAGE=redis:6379",
    "IMAGE=redis:7",
    "MESSAGE=the cache is redis",
    "REDIS_VERSION=redis:7",
    "KEY_PREFIX=redis",
    "QUEUE=redis",
    "PROFILE=redis",
    "LOG_LEVEL=info",
    "COMMAND=redis-server",
    "OTEL_SERVICE_NAME=redis",
    "SPRING_APPLICATION_NAME=redis",
    "REDIS_SECRET=redis",
    "PATH_TO=/var/lib/redis:/data",
    "LISTEN_ADDR=0.0.0.0:8080",
    "BIND_HOST=redis",
    "ADVERTISED_HOST=somewhere",
    "HOST=localhost",
    "DB_HOST=127.0.0.1:5432",
    "RATIO=redis:0",
    "ENABLED_SERVER=true",
    "SERVER_MODE=standalone",
    "GHOST=redis",
]
TELLING = [
    "REDIS_HOST=redis",
    "REDIS_ADDR=redis:6379",
    "CACHE=redis:6379",
    "CACHE_URL=redis://redis",
    "CACHE_URL=redis://:secret@redis:6379/0",
    "redisHost=redis",
    "CACHE_SERVERS=redis",
    "CACHE_ENDPOINT=redis.default",
    "UPSTREAM=redis",
    "REDIS_SERVICE_HOST=redis.default.svc",
    "CACHE_BROKER=redis.default.svc.cluster.local",
    "CACHE_HOST=redis.default.svc.cluster.local.",
    "DBHOST=redis",
    "CACHE_HOST_NAME=redis",
    "IMAGE_SVC=http://redis:6379",
    "IMAGE_ADDR=redis:6379",
]


@pytest.mark.parametrize("pair", SILENT)
def test_a_word_in_an_unrelated_variable_is_no_connection(pair: str) -> None:
    found = inferred(APP + workload("web", env(pair)))
    assert not rows(found)
    assert not found.unresolved


@pytest.mark.parametrize("pair", TELLING)
def test_an_address_is_a_connection(pair: str) -> None:
    assert rows(inferred(APP + workload("web", env(pair)))) == EDGE


@pytest.mark.parametrize(
    ("pair", "confidence"),
    [("REDIS_ADDR=redis:6379", "high"), ("X=redis://redis", "high"), ("REDIS_HOST=redis", "medium")],
)
def test_confidence_says_what_was_concluded(pair: str, confidence: str) -> None:
    (edge,) = inferred(APP + workload("web", env(pair))).edges
    assert edge.confidence == confidence


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        ("DB_HOST=mysql", ("mysql", "unknown-service")),
        ("DB_URL=http://redis:81", ("http://redis:81", "no-such-port")),
        ("SMTP_HOST=smtp.example.com", ("smtp.example.com", "no-port")),
        ("DB_URL=http://${NAME}:80", ("http://${NAME}:80", "variable")),
        ("DB_URL=http://redis.other.svc:80", ("http://redis.other.svc:80", "unknown-service")),
        ("DB_HOST=redis.default.svc.", ("redis.default.svc.", "unknown-service")),
    ],
)
def test_what_looks_like_a_host_and_leads_nowhere_is_listed(pair: str, reason: tuple[str, str]) -> None:
    found = inferred(APP + workload("web", env(pair)))
    assert reasons(found) == {reason}
    assert not found.edges


def test_the_port_comes_from_the_neighbouring_variable() -> None:
    several = service("db", "[{name: a, port: 1111}, {name: b, port: 2222}]") + workload("db")
    found = inferred(several + workload("web", env("DB_HOST=db", "DB_PORT=2222", "OTHER_PORT=1111")))
    assert rows(found) == {("web", "db", "TCP 2222")}
    assert found.edges[0].confidence == "medium"


def test_neighbours_that_say_more_are_all_meant() -> None:
    several = service("bus", "[{name: a, port: 4442}, {name: b, port: 4443}, {name: c, port: 4444}]") + workload("bus")
    pairs = env("BUS_HOST=bus", "BUS_PUBLISH_PORT=4442", "BUS_SUBSCRIBE_PORT=4443")
    assert rows(inferred(several + workload("web", pairs))) == {("web", "bus", "TCP 4442"), ("web", "bus", "TCP 4443")}


def test_the_usual_port_of_the_software_is_taken_if_the_service_has_it() -> None:
    several = service("queue", "[{name: ui, port: 15672}, {name: amqp, port: 5672}]") + workload("queue")
    assert rows(inferred(several + workload("web", env("AMQP_HOST=queue")))) == {("web", "queue", "TCP 5672")}


def test_without_any_port_every_port_is_listed_with_low_confidence() -> None:
    several = service("thing", "[{name: a, port: 1}, {name: b, port: 2}]") + workload("thing")
    (edge,) = inferred(several + workload("web", env("THING_HOST=thing"))).edges
    assert (edge.ports, edge.confidence) == (("TCP 1", "TCP 2"), "low")


def test_connection_strings_of_keywords_are_read() -> None:
    for text in ("host=redis port=6379 dbname=x", "Server=tcp:redis,6379;Database=x"):
        assert rows(inferred(APP + workload("web", env(f"DSN={text}")))) == EDGE


def test_an_address_outside_is_listed_and_a_literal_one_is_a_block() -> None:
    found = inferred(
        workload("web", env("A_URL=https://api.example.com/v1", "B_ADDR=10.1.2.3:9000", "C=udp://10.0.0.1:53"))
    )
    assert rows(found) == {
        ("web", "api.example.com", "TCP 443"),
        ("web", "10.1.2.3/32", "TCP 9000"),
        ("web", "10.0.0.1/32", "UDP 53"),
    }
