/** Sessions that a lab leads step by step: the programs session-server and session-client in a host's process. */
import { setTimeout as delay } from 'node:timers/promises'
import { openFolder } from '../../../store/open.ts'
import type { Program, Scripted, ScriptedHost } from '../../parts/program.ts'
import { type SessionClientProgram, startSessionClient } from '../../session-client.ts'
import { startSessionServer } from '../../session-server.ts'
import type { SessionRequests } from './requests.ts'

const SESSIONS_MAX = 64

export function scriptSessions({ address, emitterOf }: ScriptedHost): Scripted<SessionRequests> {
  const servers: Program[] = []
  const clients = new Map<string, SessionClientProgram>()

  function clientOf({ mechanism, name }: { mechanism: string; name: string }): SessionClientProgram {
    const client = clients.get(`${mechanism}/${name}`)
    if (client === undefined) throw new RangeError(`there is no session client "${mechanism}/${name}"`)
    return client
  }

  return {
    answer: {
      async sessionServe({ mechanism, carrier, port, timing, graceMs, storeFolder }) {
        if (servers.length >= SESSIONS_MAX) throw new RangeError(`${SESSIONS_MAX} servers are enough`)
        const store = storeFolder === null ? undefined : await openFolder(storeFolder)
        const options = { mechanism, carrier, host: address, port, timing, graceMs, store }
        const server = await startSessionServer(options, emitterOf('session-server'))
        servers.push(server)
        return { port: server.port }
      },

      async sessionOpen({ mechanism, name, carrier, address: host, port, timing, stateFile }) {
        if (clients.size >= SESSIONS_MAX) throw new RangeError(`${SESSIONS_MAX} clients are enough`)
        const options = { mechanism, carrier, host, port, timing, stateFile: stateFile ?? undefined }
        clients.set(`${mechanism}/${name}`, await startSessionClient(options, emitterOf(name)))
        return null
      },

      async sessionSay({ first, count, everyMs, ...which }) {
        const client = clientOf(which)
        for (let taken = 0; taken < count; ) {
          const said = client.say(`message ${first + taken}`)
          if (said === 'over') return { taken }
          if (said === 'full') await client.room()
          else {
            taken += 1
            await delay(everyMs)
          }
        }
        return { taken: count }
      },

      async sessionMove({ localAddress, ...which }) {
        clientOf(which).move(localAddress)
        return null
      },

      async sessionDrop(which) {
        clientOf(which).drop()
        return null
      },

      async sessionLeave(which) {
        clientOf(which).leave()
        return null
      },
    },

    async close() {
      await Promise.all([...servers, ...clients.values()].map((program) => program.close()))
    },
    observe() {},
    reset() {
      for (const client of clients.values()) client.drop()
    },
  }
}
