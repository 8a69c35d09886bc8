"""Read YAML into frozen definitions: reader with spans, JSON Schema, decoding, overrides."""
