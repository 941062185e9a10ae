"""The rules of assessment: pure functions on plain values."""
