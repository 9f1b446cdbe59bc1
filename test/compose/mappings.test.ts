import { expect, test } from 'vitest'
import { parseMapping } from '../../src/compose/mappings.ts'

const SERVER = '10.213.2.10'
const there = 'src=10.213.1.129 dst=10.213.1.2 sport=58670 dport=7003'
const back = 'src=10.213.2.10 dst=10.213.2.2 sport=7003 dport=41000'

test('a new conversation: who it is, and where the server sees it coming from', () => {
  expect(parseMapping(`    [NEW] tcp      6 120 SYN_SENT ${there} [UNREPLIED] ${back}`, SERVER)).toEqual({
    protocol: 'tcp',
    client: '10.213.1.129:58670',
    outside: '10.213.2.2:41000',
    server: '10.213.2.10:7003',
    isKnown: true,
  })
})

test('one that is forgotten', () => {
  const line = `[DESTROY] udp      17 ${there} ${back} [ASSURED]`
  expect(parseMapping(line, SERVER)).toMatchObject({ protocol: 'udp', isKnown: false })
})

test.each([
  ['an update', ` [UPDATE] tcp      6 60 SYN_RECV ${there} ${back}`],
  ['a conversation with the router itself', `[NEW] tcp 6 120 SYN_SENT ${there} [UNREPLIED] ${there}`],
  ['one without ports', '[NEW] icmp 1 30 src=10.213.1.129 dst=10.213.1.2 type=8 code=0 id=1'],
  ['the last line', 'conntrack v1.4.7 (conntrack-tools): 4 flow events have been shown.'],
  ['nothing', ''],
])('%s is no news', (_, line) => {
  expect(parseMapping(line, SERVER)).toBeNull()
})
