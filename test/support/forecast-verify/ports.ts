/** What a server at each port does with its connections. */
export const PORTS = { reads: 7001, 'never-reads': 7002, closes: 7003 } as const
