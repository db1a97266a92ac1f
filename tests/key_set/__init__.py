"""The key set and its verifier, against real keys and an issuer on a real socket."""
