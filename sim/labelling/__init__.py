"""What a provider would come to know of accounts: labels, late, partial and wrong."""
