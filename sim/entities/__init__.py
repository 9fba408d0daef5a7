"""Who sends: organisations, accounts, credentials, networks and client software."""
