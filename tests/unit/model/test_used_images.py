"""What is kept of an image after its file is forgotten."""

from gitops_guard.finding import Place, Resource
from gitops_guard.model.helm_values import images_of
from gitops_guard.model.kubernetes_object import objects
from gitops_guard.model.named_images import named_images
from gitops_guard.model.used_images import used_of_dockerfile, used_of_manifest
from gitops_guard.syntax.dockerfile import parse as parse_dockerfile
from gitops_guard.syntax.field import Field
from gitops_guard.syntax.image_reference import InvalidReference, parse
from gitops_guard.syntax.yaml import parse as parse_yaml
from gitops_guard.text import LineIndex, Span


def place(text: str, span: Span, path: str = "Dockerfile") -> Place:
    position = LineIndex(text).position
    return Place(path, 0, (), span, position(span.start), position(span.end))


def test_the_images_of_a_dockerfile_leave_out_stages_and_scratch() -> None:
    text = (
        "# syntax=docker/dockerfile:1\nARG V=1.22\nFROM golang:${V} AS build\nFROM build AS test\nFROM scratch\n"
        "COPY --from=build /a /a\nCOPY --from=busybox:1 /b /b\nRUN --mount=type=bind,from=alpine:3,target=/c true\n"
        "FROM python:$UNKNOWN\nONBUILD COPY --from=nginx:1 /d /d\n"
    )
    used = used_of_dockerfile(parse_dockerfile(text), lambda span: place(text, span))
    assert [(image.role, image.text, image.stage, image.place.start.line) for image in used] == [
        ("syntax", "docker/dockerfile:1", "", 1),
        ("base", "golang:1.22", "build", 3),
        ("base", "python:$UNKNOWN", "3", 9),
        ("copy-from", "busybox:1", "2", 7),
        ("mount-from", "alpine:3", "2", 8),
        ("onbuild", "nginx:1", "3", 10),
    ]
    assert used[1].reference == parse("golang:1.22")
    assert isinstance(used[2].reference, InvalidReference)
    assert used[2].reference.unresolved


def test_the_image_of_a_manifest_keeps_its_object_and_container() -> None:
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: web, image: nginx}]}\n"
    (obj,) = objects(parse_yaml(text).documents[0])
    (named,) = named_images(obj)
    used = used_of_manifest(named, place(text, named.at.span, "pod.yaml"), Resource(*obj.identity))
    assert used.resource == Resource("v1", "Pod", "", "p", "web")
    assert (used.role, used.text, used.reference) == ("container", "nginx", parse("nginx"))
    assert text[slice(*used.place.span)] == "nginx"


def test_a_file_of_values_has_no_object() -> None:
    text = "web: {image: nginx:1}\n"
    (named,) = images_of(Field(None, "", parse_yaml(text).documents[0].root))
    assert used_of_manifest(named, place(text, named.at.span, "values.yaml"), Resource()).resource == Resource()
