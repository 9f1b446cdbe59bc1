import smpp from 'smpp'

const server = smpp.createServer((session) => {
  for (const command of ['bind_transceiver', 'enquire_link']) {
    session.on(command, (pdu) => session.send(pdu.response()))
  }
  session.on('error', () => {})
})

server.listen(2775)
