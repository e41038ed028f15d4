"""Sources of records over the network. Transport, clock and sleep come in as arguments."""
