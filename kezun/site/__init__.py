"""The composition: settings, urls, servers and the `kezun` command. Imports all, imported by none.

`packs` are banks as data, `demo` is one that is invented, `backup` everything in one file, `serve` the
servers, `commands` what of this the command line offers.
"""
