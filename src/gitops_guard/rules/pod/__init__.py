"""Pod and container security: all checks of the Pod Security Standards, and what lies beyond them."""

from gitops_guard.rule import Rule
from gitops_guard.rules.pod import (
    capabilities,
    handlers,
    host_access,
    host_namespaces,
    kernel_profiles,
    placement,
    privileges,
    resources,
    root_filesystem,
    run_as,
    seccomp,
)

POD: tuple[Rule, ...] = (
    privileges.PRIVILEGED,
    host_namespaces.HOST_PID,
    host_namespaces.HOST_IPC,
    host_namespaces.HOST_NETWORK,
    host_access.HOST_PORT,
    host_access.HOST_PATH,
    host_access.RUNTIME_SOCKET,
    capabilities.ADDED,
    capabilities.NOT_DROPPED,
    privileges.ESCALATION,
    run_as.MAY_BE_ROOT,
    run_as.ROOT,
    root_filesystem.RULE,
    seccomp.UNCONFINED,
    kernel_profiles.APPARMOR,
    kernel_profiles.SELINUX,
    kernel_profiles.PROC_MOUNT,
    kernel_profiles.SYSCTL,
    handlers.RULE,
    host_access.VOLUME_TYPE,
    privileges.HOST_PROCESS,
    resources.RULE,
    placement.RULE,
    seccomp.NOT_SET,
)
