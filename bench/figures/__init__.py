"""What a measurement yields: samples, rounds of samples, and the tables made of them."""
