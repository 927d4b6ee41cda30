"""Which URLs may be asked, and which addresses a host may lie at."""

from contextlib import nullcontext, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.web.address import AddressKind, HostNames, Target, address_kind, check_address, read_target
from gitops_guard.web.trouble import WebError

NOBODY = HostNames(())

KINDS: dict[AddressKind, tuple[str, ...]] = {
    "public": (
        "93.184.216.34",
        "172.15.255.255",
        "172.32.0.1",
        "100.63.255.255",
        "2606:2800:220:1:248:1893:25c8:1946",
        "::ffff:93.184.216.34",
        "64:ff9b::93.184.216.34",
        "2002:5db8:d822::1",
    ),
    "loopback": (
        "127.0.0.1",
        "127.255.255.254",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ),
    "link-local": (
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "febf::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
    ),
    "private": (
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "192.0.0.192",
        "198.18.0.1",
        "203.0.113.1",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "2001::1",
        "2001:db8::1",
        "64:ff9b:1::a00:1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:a00:1::1",
        "2002:c0a8:101::1",
        "::ffff:100.64.0.1",
    ),
    "special": (
        "0.0.0.0",  # noqa: S104 - judged, not bound
        "0.1.2.3",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "ff02::1",
        "4000::1",
        "::127.0.0.1",
        "::ffff:0.0.0.0",
        "64:ff9b::224.0.0.1",
        "2002:a83f:8110::1",
        "not an address",
    ),
}


@pytest.mark.parametrize(("kind", "address"), [(kind, text) for kind, texts in KINDS.items() for text in texts])
def test_each_address_has_its_kind(kind: AddressKind, address: str) -> None:
    assert address_kind(address) == kind


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_configured_as_private_may_lie_anywhere_but_at_special_addresses(kind: AddressKind) -> None:
    refused = {False: kind != "public", True: kind == "special"}
    for allowed, refuses in refused.items():
        with pytest.raises(WebError, match=r"registry\.example\.com lies at") if refuses else nullcontext():
            check_address("registry.example.com", KINDS[kind][0], allowed=allowed)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://registry.example.com", Target("https", "registry.example.com", 443, "/")),
        ("HTTPS://Registry.Example.COM:443/v2/", Target("https", "registry.example.com", 443, "/v2/")),
        ("https://registry.example.com./v2/?n=1#part", Target("https", "registry.example.com", 443, "/v2/?n=1")),
        ("https://registry.example.com:5000?n=1", Target("https", "registry.example.com", 5000, "/?n=1")),
        ("http://my_registry:80/%2F", Target("http", "my_registry", 80, "/%2F")),
        ("https://xn--bcher-kva.example/", Target("https", "xn--bcher-kva.example", 443, "/")),
        ("https://93.184.216.34/", Target("https", "93.184.216.34", 443, "/")),
        ("https://[2606:2800:220:1:0:0:0:1]:8443/", Target("https", "2606:2800:220:1::1", 8443, "/")),
        ("https://1password.example.3com/", Target("https", "1password.example.3com", 443, "/")),
        ("https://registry.example.com:/", Target("https", "registry.example.com", 443, "/")),
    ],
)
def test_a_url_is_read(url: str, target: Target) -> None:
    assert read_target(url, NOBODY) == target


def test_a_url_is_written_without_the_port_that_goes_without_saying_and_shown_without_its_query() -> None:
    target = read_target("https://[2606:2800:220:1::1]:443/v2/?token=a", NOBODY)
    assert target.url == "https://[2606:2800:220:1::1]/v2/?token=a"
    assert target.shown == "https://[2606:2800:220:1::1]/v2/"
    assert read_target("http://registry.example.com:443/", NOBODY).authority == "registry.example.com:443"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "registry.example.com",
        "//registry.example.com/",
        "ftp://registry.example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///v2/",
        "https://user@registry.example.com/",
        "https://registry.example.com@10.0.0.1/",
        "https://registry.example.com:secret@example.org/",
        "https://@registry.example.com/",
        "https://registry.example.com:0/",
        "https://registry.example.com:65536/",
        "https://registry.example.com:-1/",
        "https://registry.example.com:http/",
        "https://registry.example.com:\uff15000/",
        "https://registry..example.com/",
        "https://registry.example.com../",
        "https://.example.com/",
        "https://-.example.com/",
        f"https://{'a' * 64}.example.com/",
        f"https://{'a.' * 130}com/",
        f"https://registry.example.com/{'a' * 9000}",
        "https://registry%2eexample.com/",
        "https://registry.example.com\\@10.0.0.1/",
        "https://registry.exa mple.com/",
        "https://registry.example.com/a b",
        "https://registry.example.com/\r\nX-Injected: 1",
        "https://registry.example.com/\0",
        "https://bücher.example/",
        "https://①②⑦.⓪.⓪.①/",
        "https://[::1/",
        "https://[registry.example.com]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[v1.fe80::a+en1]/",
        "https://::1/",
    ],
)
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    with pytest.raises(WebError) as caught:
        read_target(url, HostNames(["*", "*.*", "*.*.*"]))
    assert caught.value.trouble == "address"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0X7F.1",
        "0x",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.01",
        "127.0.0.1.1",
        "256.0.0.1",
        "registry.1",
        "10.0.0.0x1",
    ],
)
def test_only_the_usual_spelling_of_an_address_is_read(host: str) -> None:
    with pytest.raises(WebError, match="no IP address in its usual spelling"):
        read_target(f"https://{host}/", HostNames([host, "127.0.0.1"]))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "registry.localhost",
        "localhost.localdomain",
        "ip6-localhost",
        "127.0.0.1",
        "127.0.0.1.",
        "10.1.2.3",
        "169.254.169.254",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[fd00::1]",
    ],
)
def test_this_machine_and_private_networks_are_refused_as_written_unless_configured(host: str) -> None:
    with pytest.raises(WebError, match="only asked when the configuration calls it private"):
        read_target(f"https://{host}:5000/", NOBODY)
    name = host.removesuffix(".")
    for configured in (name, f"{name}:5000"):
        assert read_target(f"https://{host}:5000/", HostNames([configured])).port == 5000
    with pytest.raises(WebError):
        read_target(f"https://{host}:5000/", HostNames([f"{name}:443"]))


@pytest.mark.parametrize(
    ("configured", "host", "port", "held"),
    [
        ("registry.example.com", "registry.example.com", 443, True),
        ("Registry.Example.com.", "registry.example.com", 443, True),
        ("registry.example.com:5000", "registry.example.com", 5000, True),
        ("registry.example.com:5000", "registry.example.com", 443, False),
        ("*.example.com", "registry.example.com", 443, True),
        ("*.example.com:5000", "registry.example.com", 5000, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "a.registry.example.com", 443, False),
        ("*", "registry.example.com", 443, False),
        ("*.0.0.1", "127.0.0.1", 443, False),
        ("example.com", "registry.example.com", 443, False),
        ("example.com", "example.com.evil.example", 443, False),
        ("reg*.example.com", "registry.example.com", 443, False),
        ("[fd00:0:0::1]:5000", "fd00::1", 5000, True),
        ("fd00::1", "fd00::1", 5000, True),
        ("[fd00::1]:443", "fd00::1", 5000, False),
        ("", "registry.example.com", 443, False),
        ("127.0.0.1", "127.0.0.1", 443, True),
    ],
)
def test_a_configured_host_holds_for_itself_only(configured: str, host: str, port: int, *, held: bool) -> None:
    assert HostNames([configured]).hold(host, port) == held


@given(st.text(max_size=40), st.sampled_from(["", "https://", "https://registry.example.com"]))
def test_no_text_makes_reading_fail_otherwise(text: str, start: str) -> None:
    with suppress(WebError):
        target = read_target(start + text, NOBODY)
        assert read_target(target.url, NOBODY) == target
