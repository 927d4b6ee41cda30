"""What the rules on secrets share: the controls that all of them serve, and the manifests of their examples."""

COMMON = ("cis_k8s:5.4.1", "nsa:net-secrets", "sp800_190:4.1.4", "owasp_k8s_2025:K03")

POD = """apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: db
      image: postgres:16.4
"""
APP = POD.replace("postgres:16.4", "registry.example.org/shop:1.4.2")
