"""Ticket shops of partners: codes are made there, and what became of them is read."""
