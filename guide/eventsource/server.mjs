import { createServer } from 'node:http'
import { options } from './say.mjs'

createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('data: hello\n\n')
  if (options.comment === undefined) return
  const timer = setInterval(() => response.write(': still here\n\n'), options.comment)
  response.on('close', () => clearInterval(timer))
}).listen(7000)
