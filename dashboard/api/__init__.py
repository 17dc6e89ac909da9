"""The JSON API, /api/v1/: ledgers, figures and the map for other systems, to read.

It says what the pages say, from the same registries and through the same seam; see
docs/api.md.
"""
