"""Registries after the OCI distribution specification: what they know of an image."""
