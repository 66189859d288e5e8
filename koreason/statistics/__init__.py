"""Room statistics: how far scores can be trusted; pure, no file. Shared by what scores, compares and shows."""
