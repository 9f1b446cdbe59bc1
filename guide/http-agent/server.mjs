import { createServer } from 'node:http'

// No limit of its own to how long a connection may be idle.
createServer({ keepAliveTimeout: 0 }, (_, response) => response.end('hello')).listen(7000)
