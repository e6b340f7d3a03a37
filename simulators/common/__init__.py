"""What gateways have in common that knows nothing of any of them: telling a shop, in time and again."""
