import { createServer } from 'node:http'

createServer((_, response) => {
  response.write('piece')
  const timer = setInterval(() => response.write('piece'), 1000)
  response.on('close', () => clearInterval(timer))
}).listen(7000)
