/** A stand-in for a SIP registrar over WebSocket (RFC 7118): it says yes to every REGISTER, for as long as was asked. */
import { WebSocketServer } from 'ws'

/** What an answer repeats of its request (RFC 3261, 8.2.6.2). */
const REPEATED = ['via', 'from', 'to', 'call-id', 'cseq', 'contact', 'expires']

new WebSocketServer({ port: 7000, handleProtocols: () => 'sip' }).on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', (data) => {
    const text = String(data)
    // A keep-alive (RFC 5626, 3.5.1).
    if (text === '\r\n\r\n') socket.send('\r\n')
    if (text.startsWith('REGISTER '))
      socket.send(`SIP/2.0 200 OK\r\n${repeated(text)}Content-Length: 0\r\n\r\n`)
  })
})

function repeated(request) {
  const lines = request.split('\r\n').filter((line) => REPEATED.includes(line.split(':')[0].toLowerCase()))
  return lines.map((line) => (/^to:/i.test(line) ? `${line};tag=1\r\n` : `${line}\r\n`)).join('')
}
