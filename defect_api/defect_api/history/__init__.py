"""The index of the inspections, for listing, searching and retention. The records on the media volume are the truth."""
