"""Headers that registries send: challenges and links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.oci.challenge import Challenge, read_challenges
from gitops_guard.oci.link import has_next, next_page

BEARER = Challenge("bearer", {"realm": "https://auth.example.com/token", "service": "s"})


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ("", ()),
        ('Basic realm="x"', (Challenge("basic", {"realm": "x"}),)),
        ('Bearer realm="https://auth.example.com/token",service="s"', (BEARER,)),
        ('BEARER Realm = "https://auth.example.com/token" , SERVICE = s', (BEARER,)),
        ("Bearer realm=https://auth.example.com/token service=s", (BEARER,)),
        (
            'Basic realm="a, Bearer realm=evil", Bearer realm="https://auth.example.com/token",service="s"',
            (Challenge("basic", {"realm": "a, Bearer realm=evil"}), BEARER),
        ),
        ("Negotiate, NTLM YWJj==, Basic", (Challenge("negotiate", {}), Challenge("ntlm", {}), Challenge("basic", {}))),
        ('Bearer realm="a \\"b\\" \\\\"', (Challenge("bearer", {"realm": 'a "b" \\'}),)),
        (
            'Bearer realm="x",scope="repository:a/b:pull,push"',
            (Challenge("bearer", {"realm": "x", "scope": "repository:a/b:pull,push"}),),
        ),
        ('Bearer realm="first",realm="second"', (Challenge("bearer", {"realm": "first"}),)),
        ('"nothing"', ()),
    ],
)
def test_challenges_are_read(header: str, challenges: tuple[Challenge, ...]) -> None:
    assert read_challenges(header) == challenges


@given(st.text(max_size=300) | st.text('Bearer realm=",\\ \t', max_size=300))
def test_any_header_is_read(header: str) -> None:
    found = read_challenges(header)
    assert len(found) <= 16
    assert all(challenge.scheme for challenge in found)


START = "https://registry.example.com/v2/team/app/tags/list?"
PAGE = "https://registry.example.com/v2/team/app/tags/list?n=2"


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("", ""),
        ('</v2/team/app/tags/list?last=b&n=2>; rel="next"', START + "last=b&n=2"),
        ("<list?last=b>;rel=next", START + "last=b"),
        (f'<{START}last=b>; title="x"; rel="next"', START + "last=b"),
        ('</v2/team/app/tags/list?last=a>; rel="prev", </v2/team/app/tags/list?last=c>; rel="next"', START + "last=c"),
        ('</v2/team/app/tags/list?last=b>; rel="prev"', ""),
        ('<https://evil.example/v2/team/app/tags/list?last=b>; rel="next"', ""),
        ('<//evil.example/v2/team/app/tags/list?last=b>; rel="next"', ""),
        ('<http://registry.example.com/v2/team/app/tags/list?last=b>; rel="next"', ""),
        ('<https://registry.example.com@evil.example/v2/team/app/tags/list?>; rel="next"', ""),
        ('</v2/other/app/tags/list?last=b>; rel="next"', ""),
        ('</v2/team/app/tags/../../other/tags/list?>; rel="next"', ""),
        ('<https://[>; rel="next"', ""),
        ("nonsense; rel=next", ""),
    ],
)
def test_the_next_page_is_on_the_same_registry_and_repository(link: str, address: str) -> None:
    assert next_page({"link": link}, PAGE, START) == address


def test_a_next_page_elsewhere_is_still_a_next_page() -> None:
    assert has_next({"link": '<https://evil.example/>; rel="next"'})
    assert not has_next({"link": '<https://evil.example/>; rel="prev"'})
    assert not has_next({})
