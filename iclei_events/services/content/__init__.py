"""Content packs: events as YAML in both languages, read, checked and loaded."""
