"""The reference model: a second, slow reading of the fill rules that shares no engine code."""
