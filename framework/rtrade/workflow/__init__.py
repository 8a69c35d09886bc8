"""Wire the layers: validate, explain, run, init, doctor."""
