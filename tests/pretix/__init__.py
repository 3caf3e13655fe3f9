"""A real pretix, installed by `make pretix` into build/pretix, and Promos beside it."""
