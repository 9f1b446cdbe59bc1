/** What a lab may ask of HTTP servers and clients of a host. */

/** An HTTP server's own limits; what is left out is as Node has it. */
export interface HttpLimits {
  keepAliveTimeoutMs: number
  headersTimeoutMs: number
  requestTimeoutMs: number
  /** How often the two before are looked after. */
  checkEveryMs: number
}

/** `nothing`: takes requests and never answers. */
export type HttpConduct = 'answer' | 'nothing'
/** Whose client: that of node:http with a pool of one connection, or undici, which is behind fetch(). */
export type HttpClientKind = 'node' | 'undici'

export interface HttpRequests {
  /** Serve; port 0: any free one. What is in force is an event. */
  httpListen: {
    ask: { mechanism: string; port: number; does: HttpConduct; limits: Partial<HttpLimits> }
    answer: { port: number }
  }
  /** Ask for `/`, over the connection of the request before where there is one. Events tell what comes of it. */
  httpGet: {
    ask: {
      mechanism: string
      address: string
      port: number
      by: HttpClientKind
      /** Of undici; left out: as it has it. */
      headersTimeoutMs?: number
    }
    answer: null
  }
}
