/** What containers wrote, made by hand. */
import { SERVER_PORTS } from '../../src/compose/constants.ts'
import type { EventData, EventName, LabEvent } from '../../src/events/vocabulary.ts'

export const CLIENT = '10.213.1.129'
export const ROUTER_INSIDE = '10.213.2.2'

let seq = 0

export function event<N extends EventName>(
  time: number,
  host: string,
  name: N,
  data: EventData<N>,
  group?: string,
): LabEvent {
  return {
    mono: String(Math.round(time * 1e6)),
    time,
    seq: seq++,
    run: 'r',
    lab: 'keepalive',
    host,
    incarnation: 1,
    program: 'p',
    pid: 7,
    name,
    data,
    ...(group === undefined ? {} : { group_id: group }),
  } as LabEvent
}

export function entered(time: number, host: string, address: string, container = `${host}-id`): LabEvent {
  const service = host.replace(/-\d+$/, '')
  return event(time, host, 'container:entered', { service, container, address })
}

export function mapped(
  time: number,
  clientPort: number,
  outsidePort: number,
  client = CLIENT,
  mechanism: keyof typeof SERVER_PORTS = 'tcp-idle',
): LabEvent {
  return event(time, 'router', 'router:mapping_updated', {
    protocol: mechanism.startsWith('udp') ? 'udp' : 'tcp',
    client: `${client}:${clientPort}`,
    outside: `${ROUTER_INSIDE}:${outsidePort}`,
    server: `10.213.2.10:${SERVER_PORTS[mechanism]}`,
    isKnown: true,
  })
}
