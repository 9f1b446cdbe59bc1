/** The client that is behind fetch(), with one connection. */
import type * as net from 'node:net'
import { buildConnector, Client } from 'undici'
import type { Get, HttpClient } from './client.ts'

/** @param headersTimeout undefined: as undici has it */
export function undiciClient(origin: string, headersTimeout: number | undefined): HttpClient {
  const connect = buildConnector({})
  let open: net.Socket | undefined
  const client = new Client(origin, {
    ...(headersTimeout === undefined ? {} : { headersTimeout }),
    connect(options, connected) {
      connect(options, (...outcome) => {
        open = outcome[1] ?? undefined
        connected(...outcome)
      })
    },
  })
  const get: Get = (sent) =>
    new Promise((resolve, reject) => {
      let status = 0
      client.dispatch(
        { method: 'GET', path: '/' },
        {
          onRequestStart() {
            if (open !== undefined) sent(open)
          },
          onResponseStart(_, statusCode) {
            status = statusCode
          },
          onResponseEnd: () => resolve(status),
          onResponseError: (_, error) => reject(error),
        },
      )
    })
  return { get, close: () => void client.destroy() }
}
