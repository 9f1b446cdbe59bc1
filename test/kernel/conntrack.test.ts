import { expect, test } from 'vitest'
import { parseMappings } from '../../src/kernel/conntrack.ts'

test.each([
  ['/proc/net/nf_conntrack', 'ipv4     2 '],
  ['conntrack -L', ''],
])('parseMappings() reads the lines of %s', (_, before) => {
  const lines = [
    'tcp      6 431999 ESTABLISHED src=10.0.6.1 dst=10.1.6.2 sport=41000 dport=80 src=10.1.6.2 dst=10.1.6.254 sport=80 dport=41001 [ASSURED] mark=0 zone=0 use=2',
    'tcp      6 119 SYN_SENT src=10.0.6.1 dst=10.1.6.2 sport=41002 dport=80 [UNREPLIED] src=10.1.6.2 dst=10.1.6.254 sport=80 dport=41002 mark=0 use=1',
    'udp      17 29 src=10.0.6.1 dst=10.1.6.2 sport=9100 dport=9 src=10.1.6.2 dst=10.1.6.254 sport=9 dport=9100 mark=0 use=1',
    'icmp     1 29 src=10.0.6.1 dst=10.1.6.2 type=8 code=0 id=7 src=10.1.6.2 dst=10.1.6.254 type=0 code=0 id=7 mark=0 use=1',
    // To the router itself, and nonsense.
    'udp      17 29 src=10.1.6.2 dst=10.1.6.254 sport=9 dport=9100 [UNREPLIED] src=10.1.6.254 dst=10.1.6.2 sport=9100 dport=9 mark=0 use=1',
    'unknown  2 500 src=10.0.6.1 dst=224.0.0.1 [UNREPLIED]',
    '',
  ]
  const ends = { source: '10.0.6.1', destination: '10.1.6.2' }
  expect(parseMappings(lines.map((line) => `${before}${line}`).join('\n'))).toEqual([
    {
      protocol: 'tcp',
      state: 'ESTABLISHED',
      forgetsInMs: 431_999_000,
      source: `${ends.source}:41000`,
      destination: `${ends.destination}:80`,
      seenAs: '10.1.6.254:41001',
      answered: true,
    },
    {
      protocol: 'tcp',
      state: 'SYN-SENT',
      forgetsInMs: 119_000,
      source: `${ends.source}:41002`,
      destination: `${ends.destination}:80`,
      seenAs: '10.1.6.254:41002',
      answered: false,
    },
    {
      protocol: 'udp',
      forgetsInMs: 29_000,
      source: `${ends.source}:9100`,
      destination: `${ends.destination}:9`,
      seenAs: '10.1.6.254:9100',
      answered: true,
    },
    { protocol: 'icmp', forgetsInMs: 29_000, ...ends, seenAs: '10.1.6.254', answered: true },
  ])
})
