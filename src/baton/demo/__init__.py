"""The order-processing demo: validates the orders of a shop, then fulfills or rejects each."""
