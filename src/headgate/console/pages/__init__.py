"""The routes, a file per page: each takes a visit, asks services, and hands their answers to `build`."""
