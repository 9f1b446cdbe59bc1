/**
 * The socket by which the stock `wg show` and `wg set` find a WireGuard that is a program. Where it is belongs to `wg`,
 * and cannot be told to it. It is shared by all network namespaces that share the folder: names must differ.
 */
import { chmodSync, mkdirSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import {
  CONTROL_REQUEST_BYTES_MAX,
  type ControlRequest,
  EINVAL,
  readControl,
  writeErrno,
} from '../../protocols/wireguard/control.ts'

const FOLDER = '/var/run/wireguard'
/** `wg` asks and goes; a few may be at it at once. */
const CLIENTS_MAX = 16
/** Who says nothing for so long has gone without closing. */
const SILENT_MS_MAX = 30_000

export interface Control {
  close(): Promise<void>
}

/**
 * @param answer gives the whole answer, errno included; it is asked one thing at a time by each client
 * @throws Error that says in one line why there is no socket
 */
export async function openControl(
  name: string,
  answer: (request: NonNullable<ControlRequest>) => Promise<string>,
): Promise<Control> {
  const path = `${FOLDER}/${name}.sock`
  const clients = new Set<Socket>()
  const server = createServer((client) => {
    clients.add(client)
    client.once('close', () => clients.delete(client))
    serve(client, answer)
  })
  server.maxConnections = CLIENTS_MAX
  try {
    mkdirSync(FOLDER, { recursive: true, mode: 0o755 })
    await removeLeftOver(path)
    await listenPrivately(server, path)
  } catch (error) {
    throw new Error(`"wg" cannot ask this end: ${(error as Error).message}`, { cause: error })
  }
  return {
    close: () =>
      new Promise((resolve) => {
        // Node removes the file.
        server.close(() => resolve())
        for (const client of clients) client.destroy()
      }),
  }
}

/** Nobody but its owner may open it, not even for a moment: it tells keys. */
function listenPrivately(server: ReturnType<typeof createServer>, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const mask = process.umask(0o177)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        chmodSync(path, 0o600)
        resolve()
      })
    } finally {
      process.umask(mask)
    }
  })
}

/** Who was killed leaves its file behind. @throws Error where somebody still answers there */
function removeLeftOver(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      reject(new Error(`${path} is another program's: choose another name`))
    })
    probe.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') unlinkSync(path)
      resolve()
    })
  })
}

function serve(client: Socket, answer: (request: NonNullable<ControlRequest>) => Promise<string>): void {
  let unread = ''
  let isAnswering = false
  client.setEncoding('latin1')
  client.setTimeout(SILENT_MS_MAX, () => client.destroy())
  // It went: nobody is left to tell.
  client.on('error', () => client.destroy())
  client.on('data', (text: string) => {
    unread += text
    if (unread.length > CONTROL_REQUEST_BYTES_MAX) client.destroy()
    else void answerAll()
  })

  async function answerAll(): Promise<void> {
    if (isAnswering) return
    isAnswering = true
    for (let end = unread.indexOf('\n\n'); end >= 0; end = unread.indexOf('\n\n')) {
      const request = readControl(unread.slice(0, end))
      unread = unread.slice(end + 2)
      const written = request === null ? writeErrno(EINVAL) : await answer(request)
      if (!client.destroyed) client.write(written)
    }
    isAnswering = false
  }
}
