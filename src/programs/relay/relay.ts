/**
 * A relay between a client and a server, which can hold things up: what a machine without network namespaces
 * has instead of a cable that can be disturbed.
 *
 *   client --- kernel | relay | kernel --- server
 *
 * It stands between two live kernels, and its own is one of each. See {@link WARNING}.
 */
import { createInterface } from 'node:readline'
import type { Emitter } from '../../events/emit.ts'
import { type RelayMode, relayDirections, relayModes } from '../../events/vocabulary.ts'
import { printable } from '../../foreign/printable.ts'
import { UsageError } from '../../foreign/usage.ts'
import { runByHand, runsAsFile, socketAddress } from '../parts/command-line.ts'
import type { RelayOptions, RunningRelay } from './lane.ts'
import { startTcpRelay } from './tcp.ts'
import { startUdpRelay } from './udp.ts'

export const WARNING =
  'It stands between two live kernels: of TCP, each end talks to the kernel of the relay, which ' +
  'acknowledges data and answers keepalive whatever becomes of the other end. It can hold back data; it ' +
  'cannot cut a connection as a cable does.'

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, ...). */
export async function startRelay(options: RelayOptions, emit: Emitter): Promise<RunningRelay> {
  const { mechanism, protocol, listen, to } = options
  const relay = await (protocol === 'tcp' ? startTcpRelay : startUdpRelay)(options, emit)
  emit('relay:started', {
    mechanism,
    protocol,
    listen: `${listen.host}:${relay.port}`,
    to: `${to.host}:${to.port}`,
    warning: WARNING,
  })
  return {
    ...relay,
    setMode(direction, { mode, delayMs, percent }) {
      emit('relay:mode_set', {
        direction,
        mode,
        ...(delayMs === undefined ? {} : { delayMs }),
        ...(percent === undefined ? {} : { percent }),
      })
      relay.setMode(direction, { mode, delayMs, percent })
    },
  }
}

const KEYS_HELP = `lines on standard input: pass | drop [PERCENT] | hold | late MS, then to-server or to-client (both
where left out); reset`

/**
 * Does what a line says.
 * @throws UsageError for a line that makes no sense
 */
export function obeyLine(relay: RunningRelay, line: string): void {
  const words = line.trim().split(/\s+/)
  if (line.trim() === 'reset') {
    relay.reset()
    return
  }
  const direction = relayDirections.find((one) => one === words.at(-1))
  const [mode, number, ...more] = direction === undefined ? words : words.slice(0, -1)
  const amount = number === undefined ? undefined : Number(number)
  const isMode = (relayModes as readonly string[]).includes(mode ?? '')
  const isAmount =
    mode === 'late'
      ? isBetween(amount, 1, 60_000)
      : amount === undefined || (mode === 'drop' && isBetween(amount, 0, 100))
  if (!isMode || !isAmount || more.length > 0) throw new UsageError(`cannot "${line}"; ${KEYS_HELP}`)
  for (const each of direction === undefined ? relayDirections : [direction]) {
    relay.setMode(each, {
      mode: mode as RelayMode,
      ...(mode === 'late' ? { delayMs: amount } : { percent: amount }),
    })
  }
}

function isBetween(value: number | undefined, min: number, max: number): boolean {
  return value !== undefined && value >= min && value <= max
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'relay',
    about: `Passes on TCP connections or UDP datagrams, or holds them up. ${WARNING}\n${KEYS_HELP}`,
    mechanism: 'relay',
    flags: {
      listen: { type: 'string', default: '127.0.0.1:0', value: 'ADDRESS:PORT', help: 'where clients come' },
      to: { type: 'string', value: 'ADDRESS:PORT', help: 'the server' },
      udp: { type: 'boolean', help: 'datagrams instead of TCP' },
    },
    async start(values, emit) {
      const relay = await startRelay(
        {
          mechanism: 'relay',
          protocol: values.udp === true ? 'udp' : 'tcp',
          listen: socketAddress(values, 'listen', 0),
          to: socketAddress(values, 'to', 1),
        },
        emit,
      )
      const lines = createInterface({ input: process.stdin }).on('line', (line) => {
        try {
          obeyLine(relay, line)
        } catch (error) {
          process.stderr.write(`relay: ${printable((error as Error).message)}\n`)
        }
      })
      return {
        ...relay,
        close() {
          lines.close()
          return relay.close()
        },
        observe() {},
        write() {}, // it has nothing to say itself
      }
    },
  })
}
