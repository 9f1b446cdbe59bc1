/**
 * The page that the browser shows. It speaks over WebSockets to the server and, about what it believes, to its
 * console; `PageEvents` of src/rig/browser.ts knows its words. It takes orders as messages: `send 1500` is to be done
 * 1.5 s later, when the line may be dead.
 */
import type { SocketAddress } from '../../src/rig/sockets.ts'
import { STILL_HERE } from './conditions.ts'

/** How often it says in which states its sockets are. */
export const SAYS_EVERY_MS = 500

/** The page, whole. @param paths on each it opens a WebSocket at once */
export function pageHtml({ address, port }: SocketAddress, paths: readonly string[]): string {
  return `<!doctype html><meta charset="utf-8"><title>still here</title><link rel="icon" href="data:,">
<script>
const states = ['connecting', 'open', 'closing', 'closed']
const sockets = new Map()
const say = (what, more) => console.log('stillhere ' + JSON.stringify({ what, nowMs: performance.now(), ...more }))
const seen = (path) => {
  const { readyState, bufferedAmount } = sockets.get(path)
  return { path, readyState: states[readyState], bufferedBytes: bufferedAmount }
}
const orders = {
  send(path) {
    sockets.get(path).send('${STILL_HERE}')
    say('sent', { path, text: '${STILL_HERE}' })
  },
  close(path) {
    sockets.get(path).close()
    say('closing', seen(path))
  },
  open: (path) => open(path + '-again'),
  block(path, ms) {
    const from = performance.now()
    while (performance.now() < from + ms);
    say('free', { path, blockedMs: performance.now() - from })
  },
}
function open(path) {
  const socket = new WebSocket('ws://${address}:${port}' + path)
  sockets.set(path, socket)
  socket.onopen = () => say('open', seen(path))
  socket.onerror = () => say('error', seen(path))
  socket.onclose = ({ code, wasClean }) => say('close', { ...seen(path), code, wasClean })
  socket.onmessage = ({ data }) => {
    say('message', { path, text: data })
    const [order, ms] = data.split(' ')
    if (order === 'block') orders.block(path, Number(ms))
    else if (order in orders) setTimeout(() => orders[order](path), Number(ms))
  }
}
for (const path of ${JSON.stringify(paths)}) open(path)
setInterval(() => say('states', { online: navigator.onLine, sockets: [...sockets.keys()].map(seen) }), ${SAYS_EVERY_MS})
for (const what of ['online', 'offline']) addEventListener(what, () => say(what, {}))
</script>`
}
