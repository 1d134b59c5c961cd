"""Operations over a WebSocket with the protocol graphql-transport-ws."""
