"""A report as people and machines take it. Each format is a module with `render`; none knows a concrete rule."""
