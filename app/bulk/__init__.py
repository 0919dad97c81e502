"""Archives: tag them shard by shard, tell what they show, draw passages to label next."""
