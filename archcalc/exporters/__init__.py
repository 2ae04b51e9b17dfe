"""Other forms of a network; the core never imports them."""
