"""Parse, call workflow, print, exit code."""
