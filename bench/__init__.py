"""How fast Promos is, against the limits of the machine it runs on: `make bench`."""
