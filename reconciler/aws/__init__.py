"""How AWS is spoken to: whose credentials, when calls are sent, what errors mean. The one package that knows the SDK."""
