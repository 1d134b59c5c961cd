"""The drivers and sample requests of each dialect: one module per dialect, named after it.

Each module is found by the dialect's name (`-` becomes `_`; Baton's own API is `baton`); it has:

- `driver(session, url, tenant)`: performs the tale's actions in the dialect (`tale.Driver`);
  Baton's own API has none.
- `prepare(client, route)`: creates what the route needs, returns a value for each path parameter.
- `body(route)`: returns a body that the route accepts; "{name}" in it stands for the value of that
  path parameter.
- `error_code(body)`: returns the code in a refusal, and asserts that the envelope is the dialect's.
"""
