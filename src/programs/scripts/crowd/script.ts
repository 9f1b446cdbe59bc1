/**
 * Thousands of connections at once, of which the log has numbers and not each. What they do is decided where the other
 * programs have it from too: the heartbeat, its detector, the waits of who comes back.
 */

import type { Socket } from 'node:dgram'
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { libc } from '../../../kernel/libc.ts'
import { readOrEmpty } from '../../../kernel/proc-file.ts'
import type { Scripted, ScriptedHost } from '../../parts/program.ts'
import { closeUdp } from '../../parts/udp-socket.ts'
import { CrowdClients } from './clients.ts'
import { hear, Speakers } from './datagrams.ts'
import type { CrowdRequests } from './requests.ts'
import { type CrowdServer, crowdGroup, startCrowdServer } from './server.ts'
import { type SessionServer, startSessionServer, Visitors } from './sessions.ts'

const LOOK_EVERY_MS = 10

export function scriptCrowds({ address, emitterOf }: ScriptedHost): Scripted<CrowdRequests> {
  const emit = emitterOf('crowd')
  const servers = new Map<string, CrowdServer>()
  const clients = new Map<string, CrowdClients>()
  const listeners = new Map<string, Socket>()
  const speakers = new Map<string, Speakers>()
  const sites = new Map<string, SessionServer>()
  const visitors = new Map<string, Visitors>()

  /** A host is one end of a row, and not both. */
  function heldBy(mechanism: string): number {
    const [end] = [servers, clients, sites, visitors].flatMap((each) => each.get(mechanism) ?? [])
    return end?.held ?? 0
  }

  return {
    answer: {
      async crowdServe(options) {
        const server = await startCrowdServer({ ...options, host: address }, emit)
        servers.set(options.mechanism, server)
        return { port: server.port }
      },

      async crowdJoin(ask) {
        await made(clients, ask.mechanism, () => new CrowdClients(ask.mechanism, emit)).join(ask)
        return null
      },

      async crowdAwait({ mechanism, held, withinMs }) {
        const until = performance.now() + withinMs
        const now = () => heldBy(mechanism)
        while (now() < held && performance.now() < until) await delay(LOOK_EVERY_MS)
        return { held: now() }
      },

      async crowdLeave({ mechanism }) {
        clients.get(mechanism)?.leave()
        clients.delete(mechanism)
        await servers.get(mechanism)?.close()
        servers.delete(mechanism)
        await speakers.get(mechanism)?.close()
        speakers.delete(mechanism)
        return null
      },

      async crowdHear(ask) {
        const { socket, port } = await hear({ ...ask, host: address }, emit)
        listeners.set(ask.mechanism, socket)
        return { port }
      },

      async crowdGather(ask) {
        await made(speakers, ask.mechanism, () => new Speakers(ask.mechanism, emit)).gather(ask)
        return null
      },

      async crowdSpeak({ mechanism, ...how }) {
        await speakers.get(mechanism)?.speak(how)
        return null
      },

      async crowdServeSessions({ mechanism }) {
        const site = await startSessionServer(address)
        sites.set(mechanism, site)
        emit('crowd:serving', { local: `${address}:${site.port}` }, crowdGroup(mechanism))
        return { port: site.port }
      },

      async crowdSignIn({ mechanism, to, count }) {
        await made(visitors, mechanism, () => new Visitors()).signIn(to, count)
        return null
      },

      async crowdVisit({ mechanism, to }) {
        const theirs = visitors.get(mechanism) ?? new Visitors()
        const peers = await theirs.visit(to)
        emit('crowd:recognised', { peers, of: theirs.held }, crowdGroup(mechanism))
        return null
      },

      async crowdMeasure({ mechanism, collects }) {
        if (collects) collectGarbage()
        const { user, system } = process.cpuUsage()
        const measured = {
          held: heldBy(mechanism),
          usedBytes: usedBytes(),
          descriptors: openDescriptors(),
          processorMs: (user + system) / 1000,
          heard: (servers.get(mechanism)?.heard ?? 0) + (clients.get(mechanism)?.heard ?? 0),
          slabBytes: slabBytes(),
        }
        emit('crowd:measured', measured, crowdGroup(mechanism))
        return null
      },

      crowdStall({ mechanism, stallMs }) {
        return new Promise((resolve) => {
          // When all that has come so far is read: timers that are due after it come next, before anything more is read.
          setImmediate(() => {
            const began = performance.now()
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs)
            emit('crowd:stalled', { stalledMs: performance.now() - began }, crowdGroup(mechanism))
            resolve(null)
          })
        })
      },
    },

    async close() {
      for (const each of clients.values()) each.leave()
      await Promise.all([
        ...[...servers.values(), ...sites.values(), ...speakers.values()].map((each) => each.close()),
        ...[...listeners.values()].map(closeUdp),
      ])
    },
    observe() {},
    reset() {},
  }
}

function made<T>(all: Map<string, T>, mechanism: string, make: () => T): T {
  const found = all.get(mechanism) ?? make()
  all.set(mechanism, found)
  return found
}

/** What is no longer needed costs nothing: it goes before anything is measured. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

/** What is in use of V8's heap, and of malloc(3); where that is not counted, what is resident without V8's heap. */
function usedBytes(): number {
  const { rss, heapTotal, heapUsed } = process.memoryUsage()
  return heapUsed + (libc()?.allocatedBytes() ?? rss - heapTotal)
}

/** proc_pid_fd(5); the one by which the folder is read is not counted. */
function openDescriptors(): number | null {
  try {
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return null
  }
}

/** proc_meminfo(5): what the kernel keeps in small pieces and cannot give back, sockets among it; files that others read are not. */
function slabBytes(): number | null {
  const [, kilobytes] = /^SUnreclaim:\s+(\d+) kB$/m.exec(readOrEmpty('/proc/meminfo')) ?? []
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}
