"""The failover drill: what a crowd was told while the PostgreSQL leader died, against what is stored."""
