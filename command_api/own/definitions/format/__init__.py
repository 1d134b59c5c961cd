"""Baton's own format of definitions: a document becomes the core's definition and back.

`definition.schema.json` describes the format, `docs/definitions.md` explains it. Words of features
that don't exist yet are reserved: a document that uses one is refused, so that no stored document
can change its meaning when the feature comes.
"""
