"""The agent loop that turns tasks into exchanges: steps, tokens, context, cache, tools, time."""
