import ftp from 'ftp-srv'

const server = new ftp.FtpSrv({ url: 'ftp://0.0.0.0:2121', anonymous: true })

server.on('login', (_, accept) => accept({ root: '/tmp' }))
server.on('client-error', () => {})
server.listen()
