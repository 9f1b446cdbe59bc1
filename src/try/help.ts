/** What `npm run try -- --help` says: a screen of it, and more under a word. */
import { nearest } from '../foreign/nearest.ts'
import { UsageError } from '../foreign/usage.ts'
import { ownCommand } from '../project/package.ts'
import { wrapped } from '../text/wrap.ts'
import { allCases, DEFAULT_FAULTS, tryFaults } from './faults.ts'

/** Narrow terminals are that wide. */
const COLUMNS = 60

const SCREEN = `${ownCommand('try', '--server COMMAND --client COMMAND [options]')}

Runs your programs, unmodified, on two hosts of their own.
Then something goes wrong: who notices, when, by what?

  --server COMMAND    {server} in it is its address
  --client COMMAND    given again: each is a row of its own
  --server twice      one to go to: {server2} (--help hosts)
  --faults LIST       as cut,blip=4s        (--help faults)
  --strike SIDE       server (default), client or both
  --link LINK         delay=50ms,loss=1%; or wireguard
  --expect RULE       as 'cut<10s'           (--help rules)
  --down REGEX        printed when the peer seems gone
  --up REGEX          printed when a client is served again
  --ready REGEX --server-ready REGEX --strike-after REGEX
                      when it begins  (--help programs)
  --later COMMAND --ask COMMAND --family 6
                      a third host, IPv6    (--help hosts)
  --watch TIME        of the fault (30s); --recover TIME
                      then (10s); --connect-within (15s)
  --pace quick, --sysctl NAME=VALUE     (--help programs)
  --file FILE --matrix FILE   as JSON       (--help files)
  --junit FILE --markdown FILE --json --plain --out DIR
  --name NAME         what the report calls your program

More: --help faults, forgets, rules, programs, hosts, files`

const RULES = `Rules for --expect, which may be given several times. A rule
is about all that are not struck; @client2 names one, @any
means one at least.

  cut<10s                 they notice in time, by what comes
                          first of these three:
  cut:loses<10s           a connection of theirs is over
  cut:says<10s            they print what --down says
  cut:ends<10s            their program ends
  cut@client2<10s         the second --client does
  cut@any<10s             one of them does
  cut@server<10s          the server does
  freeze:unnoticed        none of the three, all the watch
  blip:survives           the connections outlive it, at
                          both ends
  reboot:recovers<30s     clients are served again so soon
                          after the fault: by what --up
                          says, else by data on a connection
                          that a program holds

Exit status: 0 no rule failed, 1 one failed, 2 wrong usage
or programs that do not talk, 3 this machine cannot do it,
4 it cannot be told: a fault was not seen to happen, the
machine was too busy, or somebody killed a program.`

const PROGRAMS = `Your programs run as you, in your folder, with your
environment. Root's run as whoever has typed sudo, else as
nobody; no capabilities, no setuid, /proc/sys read-only.
What they print is shown, never executed; all they start
ends with the run.

  {server}, $STILLHERE_SERVER   the server's address
  {folder}, $STILLHERE_FOLDER   a folder of all hosts
  {cert}, {key}, {ca}           files, see --help hosts

Clients start when the server has listened for half a second
and opened no other port, or printed --server-ready. They
talk when there is a connection, or datagrams both ways, or
when one of them has printed --ready. The fault strikes a
moment after that (--settle 1s), or so long after one of
them has first printed a line, be it in the middle of
something:
  --strike-after 'sending 5+200ms'   REGEX[+TIME]
All of that has to come --connect-within. Many programs keep
back what they print into a pipe: stdbuf -oL helps.

They cannot reach this machine's network (its files, and
sockets that are files, they can).
  --allow-outside     programs that ask a proxy (http_proxy,
                      https_proxy) can
  --allow-loopback    the same, and this machine's 127.0.0.1
  --allow-tun         a device tun0 on each host, as a VPN
                      needs: 10.255.0.1 at the client,
                      10.255.0.2 at the server

The kernels have this machine's settings.
  --sysctl NAME=VALUE sets one of them, on both hosts
  --pace quick        sets tcp_retries2=2,
                      tcp_keepalive_time=2 and the like: not
                      what happens in real life`

const FILES = `--file FILE: all of this as JSON. The options have the same
names, and what is typed counts more than the file.

  { "server": "node server.js", "client": ["one", "two"],
    "faults": ["cut", "blip=4s"], "expect": ["cut<10s"],
    "sysctl": { "net.ipv4.tcp_retries2": "5" },
    "watch": "20s", "about": "for people" }

--matrix FILE: several variants of your programs, such as
releases, one after the other, each alone on hosts of its
own, under the same faults; all in one table.

  { "old": { "client": "node old/client.js" },
    "new": { "client": "node new/client.js",
             "expect": ["cut<10s"] } }

A variant may have its own server, client, server-ready,
ready, strike-after, down, up and expect. What it does not
say is as in the options. Each is a run with a report of its
own; what --markdown, --junit and --json give has all of
them, and the exit status is that of the worst.`

const HOSTS = `The clients are on one host, the server on another, with an
IPv4 and an IPv6 address each (no IPv6 across the router of
nat-forgets). There is nobody else, unless you wish so:

  --later COMMAND     is started on a third host, beside the
                      server's, when the fault has struck:
                      is the lock free? the server busy?
  --ask COMMAND       is run on the server's host at the end
                      of --watch (while the fault lasts, if
                      that long), for 5 s at most. Not on a
                      host without power.

What the two print is in the report, ten lines of each.

  --server COMMAND given again: a second one, on the third
                      host: {server2}, $STILLHERE_SERVER2,
                      server2.test. Faults strike the first
                      alone. "recovers" then counts from the
                      fault, by whichever of them serves.

  --family 6          {server} is the IPv6 address, without
                      brackets; a URL needs [{server}]
  server.test, client.test    names of the two, of the same
                      family. Other names than those here
                      and in /etc/hosts: ENOTFOUND, at once.
  {cert}, {key}       a certificate of server.test and its
                      addresses, and its key, for your
                      programs' user alone
  {ca}                what a client has to trust: the same
                      certificate, signed by itself`

const FORGETS = `nat-forgets=30s/silent: the router forgets by itself what is
unused for 30 s. The fault strikes when it has; that it does
not, since they speak more often, is seen after two times
that. Then a packet of what it has forgotten is
  (no kind)  learned anew, if it comes from inside
  /strict    let through untranslated: the server says RST
  /reset     answered with RST, by the router
  /silent    dropped

lb-forgets=30s/close-client: the clients speak to a TCP load
balancer on the third host, which {server} stands for there.
It opens a connection of its own to the server for each of
theirs, and so answers keepalive itself, at both ends. What
is idle for 30 s it forgets, and tells
  (no kind)      both ends, by FIN, as with /close
  /close-client  the client alone; or /close-server
  /reset         both, by RST; or /reset-client and so on
Who is not told has a connection that leads nowhere: what
it writes is acknowledged, and reaches nobody.

Without a time either forgets all that it has, at once.`

const topics: Record<string, () => string> = {
  faults: faultsText,
  forgets: () => FORGETS,
  rules: () => RULES,
  programs: () => PROGRAMS,
  hosts: () => HOSTS,
  files: () => FILES,
}

/** @throws UsageError where there is no help on that */
export function helpOn([topic]: readonly string[]): string {
  if (topic === undefined) return SCREEN
  const text = Object.entries(topics).find(([name]) => name === topic)?.[1]
  if (text === undefined) {
    throw new UsageError(`--help ${topic}: ${nearest(topic, Object.keys(topics))}`)
  }
  return text()
}

function faultsText(): string {
  const promiseOf = (fault: string) => allCases.find((one) => one.fault === fault)?.promise ?? ''
  return [
    `Faults, for --faults LIST; the default is
${DEFAULT_FAULTS.join(',')}`,
    tryFaults
      .map((fault) =>
        [`  ${fault}`, ...wrapped(promiseOf(fault), COLUMNS - 6).map((line) => `      ${line}`)].join('\n'),
      )
      .join('\n'),
    `cut=10s: it is undone after ten seconds, and not at the end
of the watch. What was killed is started again then.

move strikes the client's host, whatever --strike says, and
is for good: move@client<10s is about whom it struck.

after-bytes=100: so many more bytes of what the struck host
sends by TCP arrive. The fault strikes when they have.

nat-forgets=30s, lb-forgets=30s: see --help forgets`,
  ].join('\n\n')
}
