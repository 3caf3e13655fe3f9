"""Free passes for readers, from a newsletter and its event partners, with the disclosure the law asks for."""
