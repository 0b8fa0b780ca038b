"""What a finished stage left on disk, whether it is whole, what it was made from, and how it is read."""
