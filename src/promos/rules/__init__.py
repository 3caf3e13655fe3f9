"""What is allowed, and why not: values and pure functions that know no database, network, clock or file."""
