"""Inspections in the formats of other tools, streamed. `formats` lists them; how HTTP asks for them is not here."""
