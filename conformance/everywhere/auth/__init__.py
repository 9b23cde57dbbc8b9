"""Who may ask: every operation is closed to strangers, open to the token, and discreet about both."""
