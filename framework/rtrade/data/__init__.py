"""Sources of bars, their quality, and resampling."""
