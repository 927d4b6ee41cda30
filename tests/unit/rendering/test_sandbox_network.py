"""The network namespace of the sandbox, where the kernel gives one; everything else holds without it."""

import socket

import pytest

from gitops_guard.rendering import sandbox
from gitops_guard.rendering.sandbox import Refused, run
from listening import nobody_came
from rendering_parts import QUICK, real_tools


def test_the_sandbox_itself_has_no_way_out(listener: socket.socket) -> None:
    if not sandbox.has_no_network():
        pytest.skip("this kernel gives no network namespace: the scan for remote places stands alone")
    tools = real_tools()
    assert tools.kustomize is not None
    base = f"resources: ['http://127.0.0.1:{listener.getsockname()[1]}/base.yaml']\n".encode()
    assert isinstance(run(tools.kustomize, {"repo/kustomization.yaml": base}, ("repo",), QUICK), Refused)
    assert nobody_came(listener)
