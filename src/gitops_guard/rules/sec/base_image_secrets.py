"""Secrets that the images of a Dockerfile carry: the rule of manifests, completed."""

from collections.abc import Iterator

from gitops_guard.facts.image import Leak
from gitops_guard.model.named_image import NamedImage
from gitops_guard.rule import Example, Problem, Rule, RuleContext
from gitops_guard.rules.dockerfile_places import place_of_use
from gitops_guard.rules.sec import image_secrets
from gitops_guard.rules.sec.image_secrets import carried, known
from gitops_guard.syntax.dockerfile import Dockerfile


def check(target: NamedImage | Dockerfile, context: RuleContext) -> Iterator[Problem]:
    """Reports images that carry secrets."""
    if isinstance(target, NamedImage):
        yield from image_secrets.check(target, context)
        return
    for use in target.image_uses() if context.images.asked else ():
        if use.image is not None:
            yield from carried(place_of_use(target, use), use.image, context)


def _file(text: str, at: str | tuple[str, ...] = (), *leaks: Leak) -> Example:
    return Example(text, at=at, path="Dockerfile", known=lambda: known(*leaks))


_IMAGE = "registry.example.com/team/shop:1.4.2"
_LEAK = Leak("environment variable DB_PASSWORD")

RULE: Rule = image_secrets.RULE._replace(
    applies_to=(NamedImage, Dockerfile),
    check=check,
    bad=(
        *image_secrets.RULE.bad,
        _file(f"FROM {_IMAGE}\n", "stage.final.FROM", _LEAK),
        _file(
            f"FROM scratch\nCOPY --from={_IMAGE} /shop /shop\n",
            'stage.final.copy-from["registry.example.com/team/shop"]',
            _LEAK,
        ),
    ),
    good=(
        *image_secrets.RULE.good,
        _file(f"FROM {_IMAGE}\n"),
        _file("FROM alpine:3.20 AS shop\nFROM shop\n", (), _LEAK),
    ),
)
