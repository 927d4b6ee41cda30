"""Texts into located values: YAML, Dockerfiles and image references. Pure: nothing here reads a file or a network."""
