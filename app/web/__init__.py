"""The analyst's pages: templates, static files and what stands behind them."""
