"""Values in, text and bytes out: no database, no clock, no network."""
