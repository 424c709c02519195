"""How a finished picture came out of the noise: kept, decoded, played, exported."""
