"""Any server with the OpenAI chat-completions API."""
