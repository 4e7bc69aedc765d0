"""reconciler: keeps the agent identities of Amazon Bedrock AgentCore equal to a YAML manifest in git."""

__version__ = "0.1.0"
