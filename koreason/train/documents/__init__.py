"""Documents as training reads them: tokens of messages, and bins of them."""
