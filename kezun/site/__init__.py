"""The composition: settings, urls, servers and the `kezun` command. Imports all, imported by none."""
