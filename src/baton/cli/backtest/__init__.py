"""The verb `baton backtest`."""
