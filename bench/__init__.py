"""What a request costs: this service beside those that its users would write instead."""
