import ssh2 from 'ssh2'
import { down, options, saw, server, up } from './say.mjs'

const client = new ssh2.Client()

client.on('ready', () => client.shell((error, stream) => (error ? saw('shell', error) : listen(stream))))
client.on('error', (error) => saw('error', error, error.level))
client.on('end', () => saw('end'))
client.on('close', () => down('close'))
client.connect({ host: server, port: 2222, username: 'guide', password: 'guide', ...options })
setInterval(() => {}, 60_000)

function listen(stream) {
  stream.on('data', () => up('data'))
  stream.on('close', () => saw('stream close'))
}
