"""The files of finished stages: their integrity, their origin, and how they are read."""
