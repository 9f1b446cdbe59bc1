import rhea from 'rhea'
import { down, options, saw, server, up } from './say.mjs'

const container = rhea.create_container()

container.on('message', () => up('message'))
container.on('connection_error', ({ error }) => saw('connection_error', error))
container.on('connection_close', () => saw('connection_close'))
container.on('disconnected', ({ error, reconnecting }) =>
  down('disconnected', error, `reconnecting ${reconnecting}`),
)
container.on('error', (error) => saw('error', error))
container.connect({ host: server, port: 5672, ...options }).open_receiver('news')
