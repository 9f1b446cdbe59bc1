import rsocket from 'rsocket-core'
import tcp from 'rsocket-tcp-client'
import { down, options, saw, server, up } from './say.mjs'

/** As many as one may ask for. */
const REQUESTS_MAX = 2 ** 31 - 1
const { keepAlive = 60_000, lifetime = 180_000 } = options
const client = new rsocket.RSocketClient({
  setup: { keepAlive, lifetime, dataMimeType: 'text/plain', metadataMimeType: 'text/plain' },
  transport: new tcp.default({ host: server, port: 7000 }),
  errorHandler: (error) => saw('errorHandler', error),
})
const all = (subscription) => subscription.request(REQUESTS_MAX)

client.connect().then(
  (socket) => {
    socket.connectionStatus().subscribe({
      onSubscribe: all,
      onNext: ({ kind, error }) => {
        if (kind !== 'CONNECTED') down('connectionStatus', kind, error)
      },
    })
    socket.requestStream({ data: 'news' }).subscribe({
      onSubscribe: all,
      onNext: () => up('next'),
      onError: (error) => saw('stream error', error),
    })
  },
  (error) => saw('connect', error),
)
// A program that has other things to do.
setInterval(() => {}, 60_000)
