"""Kezun 客尊: makes a bank's promise of civil and excellent service manageable."""

__version__ = "0.1.0"
