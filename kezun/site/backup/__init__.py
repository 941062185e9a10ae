"""Backup: `save` writes everything to one `archive`, `restore` puts it back, `database` carries tables."""
