import { expect, test } from 'vitest'
import { parseRoutes, routesCommand } from '../../src/kernel/route.ts'

const flow = (port: number) =>
  ({
    protocol: 'udp',
    source: { address: '10.0.6.1', port },
    destination: { address: '10.0.6.2', port: 7001 },
  }) as const

test('each question names all that a way may be chosen by', () => {
  expect(routesCommand([flow(6001), flow(6002)]).at(-1)).toBe(
    "printf '%s\\n' 'route get 10.0.6.2 from 10.0.6.1 ipproto udp sport 6001 dport 7001' " +
      "'route get 10.0.6.2 from 10.0.6.1 ipproto udp sport 6002 dport 7001' | ip -j -batch -",
  )
})

test('by a router, and to a neighbour', () => {
  const byRouter =
    '[{"dst":"10.0.6.2","from":"10.0.6.1","gateway":"10.3.6.254","dev":"eth1","flags":[],"uid":0,"cache":[]}]'
  expect(parseRoutes(`${byRouter}\n[{"dst":"10.1.6.254","dev":"eth0"}]\n`)).toEqual([
    { card: 'eth1', gateway: '10.3.6.254' },
    { card: 'eth0', gateway: null },
  ])
})

test('what is no answer is refused', () => {
  for (const printed of ['', '[]', '{}', '[{"dst":"10.0.6.2"}]']) expect(() => parseRoutes(printed)).toThrow()
})
