"""What an Application of Argo CD names."""

import pytest

from gitops_guard.model.helm_values import NO_REPOSITORY, NO_TAG
from gitops_guard.model.image_parts import EmbeddedValues, HelmParameters, KustomizeText
from gitops_guard.model.kubernetes_object import objects
from gitops_guard.model.kustomization import TAG_ELSEWHERE
from gitops_guard.model.named_image import NamedImage, WholeText
from gitops_guard.model.named_images import named_images
from gitops_guard.syntax.field import format_keypath
from gitops_guard.syntax.image_reference import ImageReference
from gitops_guard.syntax.yaml import parse

APPLICATION = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    "


def found(text: str) -> list[NamedImage]:
    return [named for document in parse(text).documents for obj in objects(document) for named in named_images(obj)]


def pairs(**values: str) -> str:
    items = ", ".join(f"{{name: {name.replace('__', '.')}, value: '{value}'}}" for name, value in values.items())
    return f"{APPLICATION}helm: {{parameters: [{items}]}}\n"


def test_an_object_of_values_is_read_as_values() -> None:
    (named,) = found(f"{APPLICATION}helm: {{valuesObject: {{image: {{repository: a/b, tag: v1}}}}}}\n")
    assert (named.role, named.text, named.container) == ("argo-cd", "a/b:v1", "image")
    assert format_keypath(named.at.keypath) == "spec.source.helm.valuesObject.image.tag"


def test_values_within_a_text_are_listed_at_the_text() -> None:
    text = f"{APPLICATION}helm:\n      values: |\n        image:\n          repository: a/b\n          tag: v1\n"
    (named,) = found(text)
    assert (named.text, format_keypath(named.at.keypath)) == ("a/b:v1", "spec.source.helm.values")
    assert isinstance(named.parts, EmbeddedValues)


@pytest.mark.parametrize("values", ["{{ .Values", "- a", "a: [", "*x", "''"])
def test_values_that_cannot_be_read_name_nothing(values: str) -> None:
    assert found(f'{APPLICATION}helm: {{values: "{values}"}}\n') == []


@pytest.mark.parametrize(
    ("text", "image"),
    [
        (pairs(image__repository="a/b", image__tag="1.10"), "a/b:1.10"),
        (pairs(web__image__registry="ghcr.io", web__image__repository="a/b", web__image__tag="v1"), "ghcr.io/a/b:v1"),
        (pairs(controller__repository="a/b", controller__tag="v1"), "a/b:v1"),
        (pairs(image="ghcr.io/a/b:1"), "ghcr.io/a/b:1"),
    ],
)
def test_parameters_of_one_image_belong_together(text: str, image: str) -> None:
    (named,) = found(text)
    assert named.text == image
    assert isinstance(named.reference, ImageReference)
    assert isinstance(named.parts, HelmParameters | WholeText)


def test_a_parameter_may_set_a_part_only() -> None:
    tag, repository = found(pairs(image__tag="v2")), found(pairs(image__repository="a/b"))
    assert [named.reference for named in (*tag, *repository)] == [NO_REPOSITORY, NO_TAG]


def test_parameters_of_other_things_name_no_image() -> None:
    assert found(pairs(release__tag="v2", image__pullPolicy="Always", service__type="LoadBalancer")) == []
    assert found(f"{APPLICATION}helm: {{parameters: [a, {{name: image.tag}}, {{value: b}}, 1]}}\n") == []


def test_kustomize_images_are_written_in_one_text() -> None:
    images = found(f"{APPLICATION}kustomize: {{images: ['a=ghcr.io/team/a:2', 'nginx:1.27', 'b=ghcr.io/team/b']}}\n")
    assert [(named.text, named.container) for named in images] == [
        ("ghcr.io/team/a:2", "a"),
        ("nginx:1.27", ""),
        ("ghcr.io/team/b", "b"),
    ]
    assert images[2].reference == TAG_ELSEWHERE
    assert images[0].parts == KustomizeText(images[0].at, "a=")


def test_all_sources_and_the_template_of_a_set_are_read() -> None:
    source = "{kustomize: {images: ['nginx:1.27']}}"
    several = f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {{sources: [{source}, {source}]}}\n"
    template = f"{{template: {{spec: {{source: {source}}}}}}}"
    a_set = f"apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec: {template}\n"
    assert [len(found(text)) for text in (several, a_set)] == [2, 1]
