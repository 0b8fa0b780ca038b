"""Where data methods begin when there is no question with a known answer yet."""
