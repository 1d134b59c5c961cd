"""Translation between the core's definitions and runs and the resources of this API.

REST, GraphQL and webhooks share it. Nothing here reads a store; every function is called with
documents of the views and returns records whose members are in the order of the API's document.
"""
