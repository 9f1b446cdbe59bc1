/** The server of the README's example: returns what it gets. */
require('node:net')
  .createServer((one) => one.on('error', () => {}).pipe(one))
  .listen(7000)
