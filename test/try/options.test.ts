import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../src/foreign/usage.ts'
import { parseTryArguments } from '../../src/try/options.ts'
import { sysctlsOf } from '../../src/try/settings.ts'
import { temporaryFolder } from '../support/cli.ts'

const TWO = ['--server', 'redis-server --port 7', '--client', 'redis-cli']
const parseAll = (...args: string[]) => parseTryArguments(args).wanted()
const parse = (...args: string[]) => {
  const [only, ...others] = parseAll(...args)
  if (only === undefined || others.length > 0) throw new Error(`${others.length + 1} requests`)
  return only
}

describe('the options of try', () => {
  test('two commands are enough', () => {
    expect(parse(...TWO)).toEqual({
      name: 'redis-server',
      server: 'redis-server --port 7',
      secondServer: null,
      clients: ['redis-cli'],
      faults: ['exit', 'kill', 'reboot', 'cut', 'blip', 'freeze'],
      lasts: {},
      router: null,
      balancer: null,
      bytes: null,
      strike: ['server'],
      link: null,
      tunnel: false,
      expect: [],
      ready: null,
      serverReady: null,
      strikeAfter: null,
      down: null,
      up: null,
      watchMs: 30_000,
      recoverMs: 10_000,
      settleMs: 1000,
      connectWithinMs: 15_000,
      pace: 'real',
      sysctls: {},
      later: null,
      ask: null,
      family: 4,
      allowOutside: false,
      allowLoopback: false,
      allowTun: false,
    })
  })

  test('several clients, both sides, faults in the order of the registry', () => {
    const request = parse(...TWO, '--client', 'another', '--strike', 'both', '--faults', 'loss,cut')
    expect(request.clients).toEqual(['redis-cli', 'another'])
    expect(request.strike).toEqual(['server', 'client'])
    expect(request.faults).toEqual(['cut', 'loss'])
  })

  test('a fault may say how long it lasts', () => {
    const request = parse(...TWO, '--faults', 'blip=4s,cut=500ms,kill')
    expect(request.faults).toEqual(['kill', 'cut', 'blip'])
    expect(request.lasts).toEqual({ blip: 4000, cut: 500 })
  })

  test.each([[[]], [['faults']], [['forgets']], [['rules']], [['programs']], [['hosts']], [['files']]])(
    '--help %j fits a narrow terminal',
    (topic) => {
      const lines = (parseTryArguments(['--help', ...topic]).telling.help ?? '').split('\n')
      expect(lines.filter((line) => line.length > 60)).toEqual([])
      expect(lines.length).toBeLessThanOrEqual(topic.length === 0 ? 40 : 80)
    },
  )

  test('a setting of the kernel by either name', () => {
    const given = ['--sysctl', 'net.ipv4.tcp_retries2=5', '--sysctl', 'net/ipv4/tcp_rmem=4096 8192 16384']
    expect(parse(...TWO, ...given).sysctls).toEqual({
      'net/ipv4/tcp_retries2': '5',
      'net/ipv4/tcp_rmem': '4096 8192 16384',
    })
  })

  test.each([
    ['/opt/My_Server/bin/Serve.sh --fast', 'serve-sh'],
    ['PORT=7 exec ./run', 'run'],
    ['kill', 'program'],
    ['9lives', 'program'],
  ])('the row of %s is called %s', (server, name) => {
    expect(parse('--server', server, '--client', 'nc').name).toBe(name)
  })

  test.each<[string[], string]>([
    [[], "a server is missing: give it with --server 'COMMAND'"],
    [['--server', 'x'], 'a client is missing'],
    [[...TWO, 'cut'], '"cut" is no option; put a command in quotes'],
    [
      [...TWO, '--markdown', '/no/such/x.md'],
      '--markdown /no/such/x.md: cannot write to the folder /no/such',
    ],
    [[...TWO, '--fault', 'cut'], 'Unknown option \'--fault\'; did you mean "faults"?'],
    [[...TWO, '--faults', 'frezee'], '--faults: no fault "frezee"; did you mean "freeze"?'],
    [[...TWO, '--faults', 'cut=10'], '"10" is no time; it looks like cut=10s'],
    [[...TWO, '--faults', 'reset=10s'], 'reset is over when it has happened'],
    [[...TWO, '--strike', 'sever'], 'did you mean "server"?'],
    [[...TWO, '--expect', 'cut@client2<1s'], 'there is no client2; the clients are client'],
    [['--help', 'rule'], '--help rule: did you mean "rules"?'],
    [[...TWO, '--faults', 'cut,meteor'], '--faults: no fault "meteor"; expected one of none, exit'],
    [[...TWO, '--faults', 'cut,cut=1s'], '--faults: cut is there twice'],
    [[...TWO, '--faults', 'after-bytes'], '"" is no number of bytes; it looks like after-bytes=100'],
    [[...TWO, '--faults', 'nat-forgets=1500ms'], 'no time in whole seconds'],
    [
      [...TWO, '--faults', 'lb-forgets=30s/close-sever'],
      'no kind "close-sever"; did you mean "close-server"?',
    ],
    [[...TWO, '--faults', 'lb-forgets=1s'], 'it would be forgotten in the 1 s'],
    [[...TWO, '--faults', 'nat-forgets=30s/silence'], 'no kind "silence"; did you mean "silent"?'],
    [[...TWO, '--faults', 'nat-forgets=1s'], 'it would be forgotten in the 1 s'],
    [[...TWO, '--link', 'delay=50'], '--link: "delay=50": "50" is no time; it looks like delay=50ms,loss=1%'],
    [[...TWO, '--link', 'delay=10s'], 'a frame takes 5 s at most'],
    [[...TWO, '--link', 'loss=0.1'], '"0.1" is no share of the frames'],
    [[...TWO, '--link', 'loss=60%'], '50% of the frames are lost at most'],
    [[...TWO, '--link', '50ms'], '"50ms" is nothing that a link has'],
    [[...TWO, '--link', 'wireguard', '--faults', 'reset'], '--link wireguard: reset looks for TCP'],
    [[...TWO, '--link', 'wireguard', '--family', '6'], 'leave out --family 6'],
    [[...TWO, '--link', 'wireguard', '--later', 'true'], 'leave out the third host'],
    [[...TWO, '--strike', 'router'], '--strike: "router": expected one of server, client, both'],
    [[...TWO, '--expect', 'cut<10'], '--expect: "cut<10": "10" is no time'],
    [[...TWO, '--faults', 'cut', '--expect', 'kill<1s'], 'the fault is not among --faults cut'],
    [[...TWO, '--watch', '5s', '--expect', 'cut<6s'], 'watched for 5 s only; raise --watch to 6s'],
    [[...TWO, '--expect', 'cut:recovers<1m'], 'raise --recover to 60s'],
    [[...TWO, '--watch', '30'], '--watch: "30" is no time'],
    [[...TWO, '--watch', '2000m'], 'no time from 1ms to 60m'],
    [[...TWO, '--ready', '('], '--ready: Invalid regular expression'],
    [[...TWO, '--strike-after', '(+1s'], '--strike-after: Invalid regular expression'],
    [[...TWO, '--strike-after', 'sent+200'], '"200" is no time; it looks like "sent+200ms"'],
    [[...TWO, '--family', '5'], '--family: "5": expected one of 4, 6'],
    [[...TWO, '--family', '6', '--faults', 'nat-forgets'], 'translates IPv4 alone; leave one of them out'],
    [[...TWO, '--server', 'two', '--server', 'three'], '--server: two servers at most'],
    [
      [...TWO, '--server', 'two', '--faults', 'cut,delay'],
      '--faults delay: it is on the way to both servers',
    ],
    [[...TWO, '--server', 'two', '--expect', 'cut:recovers<1m'], 'raise --watch to 60s'],
    [[...TWO, '--expect', 'cut@server2<1s'], 'there is no server2; give --server twice'],
    [[...TWO, '--strike-after', 'sent', '--settle', '1s'], 'each say when the fault strikes'],
    [[...TWO, '--sysctl', 'kernel.panic=1'], 'settings of its own only under net.'],
    [[...TWO, '--sysctl', 'net/../kernel/panic=1'], 'settings of its own only under net.'],
    [[...TWO, '--sysctl', 'net.ipv4.tcp_sack=1;reboot'], 'is no value'],
    [[...TWO, '--sysctl', 'net.ipv4.tcp_sack'], 'expected NAME=VALUE'],
    [[...TWO, '--name', 'Two Words'], '--name: expected lower-case letters'],
    [[...TWO, '--file', 'nowhere.json'], '--file nowhere.json: ENOENT'],
  ])('%j is refused in a line', (args, problem) => {
    const refuse = () => parse(...args)
    expect(refuse).toThrow(UsageError)
    expect(refuse).toThrow(problem)
    try {
      refuse()
    } catch (error) {
      expect((error as Error).message.split('\n')).toHaveLength(1)
    }
  })
})

describe('a file', () => {
  const inFile = (text: string, ...args: string[]) => {
    const file = join(temporaryFolder(), 'try.json')
    writeFileSync(file, text)
    return parse('--file', file, ...args)
  }

  test('says the same, and what is typed counts more', () => {
    const text = JSON.stringify({
      about: 'for people',
      server: 'x',
      client: ['y', 'z'],
      faults: ['cut'],
      link: 'delay=5ms',
      watch: '5s',
      expect: ['cut<5s'],
      family: 6,
      sysctl: { 'net.ipv4.tcp_retries2': '3' },
    })
    const request = inFile(text, '--watch', '8s')
    expect(request).toMatchObject({
      server: 'x',
      clients: ['y', 'z'],
      faults: ['cut'],
      watchMs: 8000,
      family: 6,
    })
    expect(request.link).toEqual({ delayMs: 5, loss: 0 })
    expect(request.sysctls).toEqual({ 'net/ipv4/tcp_retries2': '3' })
  })

  test.each([
    ['{', 'JSON'],
    ['[]', 'expected one JSON object'],
    ['{"server": "x", "client": "y", "watch": 5}', '"watch"'],
    ['{"server": "x", "client": "y", "whatever": 1}', '"whatever"'],
    ['{"server": "x", "client": []}', '"client"'],
    ['{"server": "x"}', 'a client is missing'],
    ['{"server": "x", "client": "y", "expect": ["cut<1"]}', '"expect": "cut<1": "1" is no time'],
  ])('%s is refused', (text, problem) => {
    expect(() => inFile(text)).toThrow(UsageError)
    expect(() => inFile(text)).toThrow(problem)
  })
})

describe('the settings of the hosts', () => {
  const own = { tcp_retries2: '15', tcp_keepalive_time: '600', 'neigh/eth0/retrans_time_ms': '1000' }

  test("are the machine's own", () => {
    expect(sysctlsOf({ pace: 'real', sysctls: {} }, own)).toMatchObject({
      'net/ipv4/tcp_retries2': '15',
      'net/ipv4/tcp_keepalive_time': '600',
    })
  })

  test('quick ones at quick pace, and those of the person before all others', () => {
    const sysctls = sysctlsOf({ pace: 'quick', sysctls: { 'net/ipv4/tcp_retries2': '4' } }, own)
    expect(sysctls).toMatchObject({ 'net/ipv4/tcp_retries2': '4', 'net/ipv4/tcp_keepalive_time': '2' })
    expect(Object.keys(sysctls).filter((path) => path.includes('neigh'))).toEqual([])
  })
})
