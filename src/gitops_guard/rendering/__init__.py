"""What Kustomize, Helm, Argo CD and Flux would apply, made by the real tools from files that may be hostile."""
