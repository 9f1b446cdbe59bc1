/**
 * The web bank in a process of its own, by hand (`npx tsx src/programs/bank/main.ts`) or as a bundle. It prints
 * where it listens; its events go to the same place, or into a lab's log.
 */
import { writeFileSync } from 'node:fs'
import { UsageError } from '../../foreign/usage.ts'
import { SESSION_LIMITS } from '../../protocols/http-session/constants.ts'
import { openStore } from '../../store/open.ts'
import { ipv4Address, optionalInteger, portToListen, runByHand } from '../parts/command-line.ts'
import { makeCertificate } from './certificate.ts'
import { startBank } from './server.ts'

const MS_MAX = 86_400_000

void runByHand({
  name: 'bank',
  file: 'bank/main',
  about: 'A small web bank: sign in, balance, transfer, sign out.',
  mechanism: 'bank',
  flags: {
    address: { type: 'string', default: '127.0.0.1', value: 'ADDRESS', help: 'IPv4 address to listen on' },
    port: { type: 'string', default: '0', value: 'NUMBER', help: 'port to listen on; 0: any free one' },
    store: {
      type: 'string',
      default: 'memory',
      value: 'STORE',
      help: 'memory, a folder, redis://HOST:PORT or redis+unix:///SOCKET',
    },
    name: { type: 'string', default: 'bank', value: 'NAME', help: 'its name, on its pages and in its log' },
    mechanism: {
      type: 'string',
      default: 'bank',
      value: 'NAME',
      help: 'how its connections are called in a log',
    },
    tls: { type: 'boolean', help: 'HTTPS, with a certificate made now' },
    certificate: {
      type: 'string',
      value: 'FILE',
      help: 'writes the certificate there, for whoever is to trust it',
    },
    'idle-ms': { type: 'string', value: 'MS', help: `a session ends idle (${SESSION_LIMITS.idleMs})` },
    'absolute-ms': {
      type: 'string',
      value: 'MS',
      help: `a session ends in any case (${SESSION_LIMITS.absoluteMs})`,
    },
    proxy: {
      type: 'string',
      value: 'ADDRESS',
      help: 'of a balancer, whose X-Forwarded headers are believed',
    },
  },
  async start(values, emit) {
    const host = ipv4Address(values, 'address')
    const [idleMs, absoluteMs] = ['idle-ms', 'absolute-ms'].map((name) =>
      optionalInteger(values, name, 100, MS_MAX),
    )
    if (values.certificate !== undefined && values.tls !== true) {
      throw new UsageError('"--certificate" is of use with "--tls" only')
    }
    const certificate = values.tls === true ? await makeCertificate([host]) : undefined
    const store = await openStore(String(values.store), 'stillhere:')
    const bank = await startBank(
      {
        mechanism: String(values.mechanism),
        name: String(values.name),
        host,
        port: portToListen(values),
        store,
        certificate,
        sessions: {
          ...(idleMs === undefined ? {} : { idleMs }),
          ...(absoluteMs === undefined ? {} : { absoluteMs }),
        },
        proxy: values.proxy === undefined ? undefined : ipv4Address(values, 'proxy'),
      },
      emit,
    )
    if (certificate !== undefined && values.certificate !== undefined) {
      writeFileSync(String(values.certificate), certificate.certificate)
    }
    const scheme = certificate === undefined ? 'http' : 'https'
    process.stdout.write(`${values.name} listens at ${scheme}://${host}:${bank.port}/\n`)
    return {
      port: bank.port,
      async close() {
        await bank.close()
        await store.close()
      },
    }
  },
})
