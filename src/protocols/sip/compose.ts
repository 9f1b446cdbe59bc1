/** Messages that follow from others: an answer, ACK and CANCEL; and where an answer goes. */
import { MAX_FORWARDS, PORT } from './constants.ts'
import { type Header, headerOf, type Message, type Request, type Response, valuesOf } from './message.ts'
import { addressOf } from './uri.ts'
import { readVia, type Via, writeVia } from './values.ts'

/** One end of a hop. */
export interface Place {
  transport: 'udp' | 'tcp'
  address: string
  port: number
}

export const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  415: 'Unsupported Media Type',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  422: 'Session Interval Too Small',
  423: 'Interval Too Brief',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'Version Not Supported',
  513: 'Message Too Large',
  603: 'Decline',
}

const ECHOED = ['Via', 'From', 'To', 'Call-ID', 'CSeq']

export interface Answer {
  status: number
  /** Section 8.2.6.2: whoever answers but with 100 gives the dialog to be a name. */
  toTag?: string | undefined
  headers?: Header[]
  body?: Buffer
}

export function responseTo(request: Message, { status, toTag, headers = [], body }: Answer): Response {
  const echoed = request.headers.flatMap(({ name, value }) => {
    if (!ECHOED.includes(name)) return []
    const needsTag = name === 'To' && toTag !== undefined && !/;\s*tag\s*=/i.test(value)
    return [{ name, value: needsTag ? `${value};tag=${toTag}` : value }]
  })
  return {
    kind: 'response',
    status,
    reason: REASONS[status] ?? 'Unknown',
    headers: [...echoed, ...headers],
    body: body ?? Buffer.alloc(0),
  }
}

/** Section 17.1.1.3: for an answer that is no success; it goes the way of the INVITE, and is part of its transaction. */
export function ackOf(invite: Request, response: Response): Request {
  return following(invite, 'ACK', headerOf(response, 'To') ?? '')
}

/** Section 9.1. */
export function cancelOf(invite: Request): Request {
  return following(invite, 'CANCEL', headerOf(invite, 'To') ?? '')
}

function following(invite: Request, method: string, to: string): Request {
  const [via = ''] = valuesOf(invite, 'Via')
  const number = (headerOf(invite, 'CSeq') ?? '').split(/\s/)[0]
  return {
    kind: 'request',
    method,
    target: invite.target,
    headers: [
      { name: 'Via', value: via },
      { name: 'Max-Forwards', value: String(MAX_FORWARDS) },
      ...invite.headers.filter(({ name }) => name === 'From' || name === 'Call-ID' || name === 'Route'),
      { name: 'To', value: to },
      { name: 'CSeq', value: `${number} ${method}` },
    ],
    body: Buffer.alloc(0),
  }
}

/**
 * Section 18.2.1 and RFC 3581: whoever receives a request writes into its Via where it came from, for behind a router
 * nobody knows it themselves.
 */
export function withSource(request: Request, from: Place): Request {
  const [top = '', ...others] = valuesOf(request, 'Via')
  const via = readVia(top)
  const parameters = new Map(via.parameters)
  if (parameters.has('rport')) parameters.set('rport', String(from.port))
  // Not where anybody wrote it before: only who received it knows.
  parameters.delete('received')
  if (addressOf(via.host) !== from.address || parameters.has('rport'))
    parameters.set('received', from.address)
  const vias = [writeVia({ ...via, parameters }), ...others].map((value) => ({ name: 'Via', value }))
  return { ...request, headers: [...vias, ...request.headers.filter(({ name }) => name !== 'Via')] }
}

/** Section 18.2.2: over a connection, back on it; else to where it came from, at the port that it asks for. */
export function placeOfAnswer(via: Via, from: Place): Place {
  if (from.transport === 'tcp') return from
  return { ...from, port: via.parameters.has('rport') ? from.port : (via.port ?? PORT) }
}
