import rsocket from 'rsocket-core'
import flowable from 'rsocket-flowable'
import tcp from 'rsocket-tcp-server'

const server = new rsocket.RSocketServer({
  transport: new tcp.default({ host: '0.0.0.0', port: 7000 }),
  getRequestHandler: () => ({
    requestStream: () =>
      new flowable.Flowable((subscriber) => {
        subscriber.onSubscribe({ cancel: () => {}, request: () => subscriber.onNext({ data: 'hello' }) })
      }),
  }),
})

server.start()
