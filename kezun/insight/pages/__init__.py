"""Pages of insight; each part registers its own."""

from kezun.insight.pages import boards, explain, indicators, views

__all__ = ["boards", "explain", "indicators", "views"]
