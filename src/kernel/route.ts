/** By which way a host would send packets of some flows: its kernel tells without sending any (ip-route(8): get). */
import * as v from 'valibot'

export interface Flow {
  protocol: 'tcp' | 'udp'
  source: { address: string; port: number }
  destination: { address: string; port: number }
}

const answer = v.object({ dev: v.string(), gateway: v.optional(v.string()) })

/** Addresses and ports: a kernel that has several ways may choose by all of them. Many flows take one command. */
export function routesCommand(flows: readonly Flow[]): string[] {
  const questions = flows.map(({ protocol, source, destination }) => {
    const ports = `ipproto ${protocol} sport ${source.port} dport ${destination.port}`
    return `'route get ${destination.address} from ${source.address} ${ports}'`
  })
  return ['sh', '-c', `printf '%s\\n' ${questions.join(' ')} | ip -j -batch -`]
}

/** In the order in which it was asked. @param printed by {@link routesCommand} @throws Error when it is something else */
export function parseRoutes(printed: string): { card: string; gateway: string | null }[] {
  return printed
    .trim()
    .split('\n')
    .map((line) => {
      const [{ dev, gateway = null }] = v.parse(v.tuple([answer]), JSON.parse(line))
      return { card: dev, gateway }
    })
}
