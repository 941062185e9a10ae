"""What ./dev runs inside the environment: the suite, a throw-away PostgreSQL, translations."""
