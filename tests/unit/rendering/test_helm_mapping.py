import io
import json
import tarfile
from collections.abc import Mapping

import pytest

from gitops_guard.rendering.build import Surroundings, build_of
from gitops_guard.rendering.mapping import map_sources
from gitops_guard.rendering.rendered_objects import rendered_objects
from gitops_guard.rendering.roots import Parameter, RemoteChart, Rendered, Root
from mapped_roots import Mapped
from rendering_parts import real_tools

pytestmark = pytest.mark.real

CHART = {
    "shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\nappVersion: '1.2'\n",
    "shop/values.yaml": """\
replicas: 2
image:
  repository: registry.example/shop
  tag: ""
service:
  type: ClusterIP
  port: 80
debug: false
seccomp:
  enabled: false
securityContext: {}
resources:
  limits:
    cpu: 100m
password: hunter22
tolerations: []
""",
    "shop/templates/_helpers.tpl": '{{- define "shop.name" -}}{{ .Release.Name }}-shop{{- end }}\n',
    "shop/templates/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.name" . }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      {{- if .Values.seccomp.enabled }}
      securityContext:
        seccompProfile: {type: RuntimeDefault}
      {{- end }}
      containers:
        - name: shop
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          {{- with .Values.securityContext }}
          securityContext:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          env:
            - name: DEBUG
              value: {{ .Values.debug | quote }}
            - name: MODE
              value: |
                live: {{ .Values.service.type }}
        - name: log
          image: fluent:1
          securityContext:
            privileged: true
""",
    "shop/templates/service.yaml": """\
{{- if eq .Values.service.type "ClusterIP" }}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "shop.name" . }}
spec:
  type: {{ .Values.service.type }}
  ports:
    - port: {{ .Values.service.port }}
{{- end }}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
data:
  password: {{ .Values.password | b64enc }}
""",
    "shop/templates/plain.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: plain\n",
}
ROOT = Root("helm", "shop", release="my")
CONTAINERS = ("spec", "template", "spec", "containers")


def test_a_field_that_a_value_fills_is_led_to_the_values_file() -> None:
    chart = Mapped(ROOT, CHART)
    values = "shop/values.yaml"
    assert chart.where("Deployment", "spec", "replicas") == f"{values}:1 values: replicas: 2"
    assert chart.where("Deployment", *CONTAINERS, 0, "image") == f'{values}:4 values: tag: ""'
    assert chart.where("Deployment", *CONTAINERS, 0, "env", 0, "value") == f"{values}:8 values: debug: false"
    assert chart.where("Deployment", *CONTAINERS, 0, "resources", "limits", "cpu") == f"{values}:14 values: cpu: 100m"
    assert chart.where("Service", "spec", "ports", 0, "port") == f"{values}:7 values: port: 80"
    assert chart.where("Secret", "data", "password") == f"{values}:15 values: password: hunter22"


def test_a_value_that_decides_whether_something_is_rendered_does_not_hide_what_is() -> None:
    chart = Mapped(ROOT, CHART)
    assert chart.where("Service", "spec", "ports", 0, "port").startswith("shop/values.yaml:7")


def test_what_is_missing_is_led_to_the_value_that_would_add_it() -> None:
    chart = Mapped(ROOT, CHART)
    place = chart.place("Deployment", *CONTAINERS, 0, "securityContext", "runAsNonRoot")
    assert (place.path, place.keypath) == ("shop/values.yaml", ("securityContext", "runAsNonRoot"))
    assert chart.where("Deployment", *CONTAINERS, 0, "securityContext", "runAsNonRoot").startswith(
        "shop/values.yaml:11 "
    )
    assert chart.where("Deployment", *CONTAINERS, 0, "resources", "limits", "memory").startswith("shop/values.yaml:13 ")
    switch = chart.where("Deployment", "spec", "template", "spec", "securityContext", "seccompProfile")
    assert switch == "shop/values.yaml:10 values: enabled: false"


def test_what_no_value_reaches_is_led_to_the_line_of_the_template() -> None:
    chart = Mapped(ROOT, CHART)
    template = "shop/templates/deployment.yaml"
    assert chart.where("Deployment", *CONTAINERS, 1, "securityContext", "privileged") == (
        f"{template}:35 template: privileged: true"
    )
    assert chart.where("Deployment", *CONTAINERS, 1, "resources") == f"{template}:32 template: - name: log"
    assert chart.where("Deployment", "spec", "template", "spec", "hostPID") == f"{template}:12 template: spec:"
    assert chart.where("Deployment", *CONTAINERS, 0, "env", 1, "name") == f"{template}:29 template: - name: MODE"
    assert chart.where("Service", "metadata", "name").startswith("shop/templates/service.yaml:5 template")
    assert chart.where("Deployment") == f"{template}:1 template: apiVersion: apps/v1"


def test_a_template_without_expressions_is_an_object_as_written() -> None:
    chart = Mapped(ROOT, CHART)
    assert chart.where("ServiceAccount", "metadata", "name") == "shop/templates/plain.yaml:4 resource: name: plain"


def test_no_mark_and_no_number_is_left_in_the_result() -> None:
    chart = Mapped(ROOT, CHART)
    chart.where("Deployment", "spec", "replicas")
    assert "gtq" not in chart.rendered.text
    assert "gg@" not in chart.rendered.text


def test_the_values_file_that_overrides_the_charts_is_the_source() -> None:
    files = CHART | {"prod.yaml": "# production\nreplicas: 5\nimage: {tag: '2'}\n"}
    chart = Mapped(ROOT._replace(values_files=("prod.yaml",)), files)
    assert chart.where("Deployment", "spec", "replicas") == "prod.yaml:2 values: replicas: 5"
    assert chart.where("Deployment", *CONTAINERS, 0, "image").startswith("prod.yaml:3 values")
    assert chart.where("Deployment", *CONTAINERS, 0, "securityContext").startswith("shop/values.yaml:11")


def test_values_of_a_helm_release() -> None:
    release = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: shop
  namespace: apps
spec:
  values:
    replicas: 4
    securityContext:
      privileged: true
"""
    inline = json.dumps({"replicas": 4, "securityContext": {"privileged": True}})
    root = ROOT._replace(values=(inline,), source="release.yaml: HelmRelease apps/shop")
    chart = Mapped(root, CHART | {"release.yaml": release})
    assert chart.where("Deployment", "spec", "replicas") == "release.yaml:8 inline-values: replicas: 4"
    assert chart.where("Deployment", *CONTAINERS, 0, "securityContext", "privileged").startswith("release.yaml:10 ")
    place = chart.place("Deployment", *CONTAINERS, 0, "securityContext", "runAsNonRoot")
    assert place.keypath == ("spec", "values", "securityContext", "runAsNonRoot")


def test_values_and_parameters_of_an_application() -> None:
    application = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  source:
    helm:
      parameters:
        - name: image.tag
          value: v9
      values: |
        # more of them
        replicas: 7
"""
    root = ROOT._replace(
        values=("# more of them\nreplicas: 7\n",),
        parameters=(Parameter("image.tag", "v9"),),
        source="app.yaml: Application argocd/shop",
    )
    chart = Mapped(root, CHART | {"app.yaml": application})
    assert chart.where("Deployment", "spec", "replicas") == "app.yaml:12 inline-values: replicas: 7"
    assert chart.where("Deployment", *CONTAINERS, 0, "image") == "app.yaml:9 inline-values: value: v9"


def test_values_of_a_config_map() -> None:
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop}\n"
        "spec: {valuesFrom: [{kind: ConfigMap, name: v}]}\n"
    )
    values = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v}\ndata:\n  values.yaml: |\n    replicas: 3\n"
    root = ROOT._replace(values=("replicas: 3\n",), source="release.yaml: HelmRelease shop")
    chart = Mapped(root, CHART | {"release.yaml": release, "map.yaml": values})
    assert chart.where("Deployment", "spec", "replicas") == "map.yaml:6 inline-values: replicas: 3"
    hidden = Mapped(root, CHART | {"release.yaml": release})
    assert hidden.where("Deployment", "spec", "replicas") == "release.yaml file"


def test_a_chart_within_a_chart() -> None:
    files = CHART | {
        "shop/Chart.yaml": CHART["shop/Chart.yaml"] + "dependencies: [{name: db, version: 1.0.0, alias: store}]\n",
        "shop/charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        "shop/charts/db/values.yaml": "size: 1\nkind: small\n",
        "shop/charts/db/templates/db.yaml": "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: db\n"
        "spec:\n  replicas: {{ .Values.size }}\n  serviceName: {{ .Values.kind }}\n  minReadySeconds: 4\n",
        "shop/values.yaml": CHART["shop/values.yaml"] + "store:\n  size: 3\n",
    }
    chart = Mapped(ROOT, files)
    assert chart.where("StatefulSet", "spec", "replicas") == "shop/values.yaml:18 values: size: 3"
    assert chart.where("StatefulSet", "spec", "serviceName") == "shop/charts/db/values.yaml:2 values: kind: small"
    assert chart.where("StatefulSet", "spec", "minReadySeconds").startswith(
        "shop/charts/db/templates/db.yaml:8 template"
    )


def test_a_schema_that_refuses_marks_costs_only_the_values_it_speaks_of() -> None:
    schema = {"properties": {"service": {"properties": {"type": {"enum": ["ClusterIP", "NodePort"]}}}}}
    chart = Mapped(ROOT, CHART | {"shop/values.schema.json": json.dumps(schema)})
    assert chart.where("Deployment", "spec", "replicas") == "shop/values.yaml:1 values: replicas: 2"
    assert chart.where("Service", "spec", "type").startswith("shop/templates/service.yaml:7 template")


def test_a_chart_that_loops_over_a_number_ends_in_time() -> None:
    looping = (
        "{{- range $n := until (int .Values.count) }}\n---\napiVersion: v1\nkind: ConfigMap\n"
        "metadata: {name: c{{ $n }}}\ndata: {a: {{ $.Values.name | quote }}}\n{{- end }}\n"
    )
    files = {
        "shop/Chart.yaml": CHART["shop/Chart.yaml"],
        "shop/values.yaml": "count: 2\nname: x\n",
        "shop/templates/loop.yaml": looping,
    }
    chart = Mapped(ROOT, files)
    assert chart.where("ConfigMap", "data", "a") == "shop/values.yaml:2 values: name: x"


class _Archives:
    def __init__(self, name: str, content: bytes) -> None:
        self.names = (name,)
        self._content = content

    def read(self, _: str) -> bytes | None:
        return self._content


def _packed(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def test_a_chart_that_is_kept_elsewhere_is_led_back_to_the_values_of_its_release() -> None:
    release = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop}
spec:
  values:
    replicas: 4
"""
    root = Root(
        "helm",
        "",
        chart=RemoteChart("shop", "0.1.0", "https://charts.example"),
        values=('{"replicas": 4}',),
        source="release.yaml: HelmRelease shop",
    )
    files = {"release.yaml": release.encode()}
    around = Surroundings(real_tools(), archives=_Archives("shop-0.1.0.tgz", _packed(CHART)))
    rendered = build_of(root, around)(files)
    assert isinstance(rendered, Rendered), rendered
    sources = map_sources(root, files, lambda one: build_of(one, around), rendered)
    obj = next(one for one in rendered_objects(rendered.text) if one.kind == "Deployment")
    decided = sources.locate(obj.identity, ("spec", "replicas"))
    assert decided is not None
    assert (decided.path, decided.kind, decided.start and decided.start.line) == ("release.yaml", "inline-values", 6)
    other = sources.locate(obj.identity, (*CONTAINERS, 1, "securityContext", "privileged"))
    assert other is not None
    assert (other.path, other.is_exact) == ("release.yaml", False)
