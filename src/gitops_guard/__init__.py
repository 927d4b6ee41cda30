"""Reviews Kubernetes manifests and Dockerfiles and hands back proven patches."""

__version__ = "0.1.0"
