"""Typed views over located nodes: what a rule reads instead of YAML."""
