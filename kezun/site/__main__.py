"""`python -m kezun.site` is the `kezun` command."""

from kezun.site.cli import main

if __name__ == "__main__":
    main()
