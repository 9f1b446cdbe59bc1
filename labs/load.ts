import type { labs } from './index.ts'

type Labs = typeof labs

/** Each lab by itself, for who runs one: to load all of them takes an eighth of a second. */
export const loadLab: { readonly [Id in keyof Labs]: () => Promise<Labs[Id]> } = {
  keepalive: async () => (await import('./keepalive/lab.ts')).keepalive,
  frames: async () => (await import('./frames/lab.ts')).frames,
  circuit: async () => (await import('./circuit/lab.ts')).circuit,
  paths: async () => (await import('./paths/lab.ts')).paths,
  udp: async () => (await import('./udp/lab.ts')).udp,
  tcp: async () => (await import('./tcp/lab.ts')).tcp,
  timeouts: async () => (await import('./timeouts/lab.ts')).timeouts,
  late: async () => (await import('./late/lab.ts')).late,
  nat: async () => (await import('./nat/lab.ts')).nat,
  vpn: async () => (await import('./vpn/lab.ts')).vpn,
  http: async () => (await import('./http/lab.ts')).http,
  session: async () => (await import('./session/lab.ts')).session,
  websocket: async () => (await import('./websocket/lab.ts')).websocket,
  sip: async () => (await import('./sip/lab.ts')).sip,
  scale: async () => (await import('./scale/lab.ts')).scale,
}

export function isLabId(id: string | undefined): id is keyof Labs {
  return id !== undefined && Object.hasOwn(loadLab, id)
}
