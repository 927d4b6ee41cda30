"""Gathers what registries and scanners know of images, before any rule runs: once per image, bounded in time."""
