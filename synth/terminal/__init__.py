"""How commands speak: exit codes, one-line errors, progress bars. Shared by both console scripts."""
