/**
 * The names of the hosts, by files of the run's own in place of the machine's. No host can reach a name server, so none
 * is asked: an unknown name is one that there is not (EAI_NONAME, Node's ENOTFOUND), at once. Else it would be a failure
 * that may pass (EAI_AGAIN), after which programs ask again and again.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

/** `.test` is nobody's (RFC 6761 section 6.2). */
export const SERVER_NAME = 'server.test'
export const SECOND_NAME = 'server2.test'
const CLIENT_NAME = 'client.test'

/** On a file system of the run's own. */
const FOLDER = '/run/names'
/** For programs that ask by themselves. Nobody listens there, and says so at once; unless it is one of somebody's. */
const RESOLVER = 'nameserver 127.0.0.1\n'
/** Where the C library looks for names (nsswitch.conf(5)). musl has no such file, and asks the resolver. */
const SWITCH = 'nsswitch.conf'
const HOSTS_LINE = 'hosts: files\n'

/** Run with a folder as $0 and a command: in the mounts of that command alone these files are in /etc. */
const WITH_FILES =
  'for file in hosts resolv.conf nsswitch.conf; do [ ! -e "/etc/$file" ] || mount --bind "$0/$file" "/etc/$file" || exit; done; exec "$@"'

/**
 * Makes the files of a host.
 * @returns what is put before a command there, so that it finds them
 */
export function namesOf(
  host: string,
  { server, second, client }: { server: string; second: string | null; client: string },
): string[] {
  const folder = `${FOLDER}/${host}`
  mkdirSync(folder, { recursive: true })
  const own = [
    [server, SERVER_NAME],
    ...(second === null ? [] : [[second, SECOND_NAME]]),
    [client, CLIENT_NAME],
  ]
  writeFileSync(`${folder}/hosts`, `${own.map((line) => line.join(' ')).join('\n')}\n${ofMachine('hosts')}`)
  const otherLines = ofMachine(SWITCH).replaceAll(/^\s*hosts:.*\n?/gm, '')
  writeFileSync(`${folder}/${SWITCH}`, `${HOSTS_LINE}${otherLines}`)
  writeFileSync(`${folder}/resolv.conf`, RESOLVER)
  return ['sh', '-c', WITH_FILES, folder]
}

/** Empty where it has no such file. */
function ofMachine(file: string): string {
  return existsSync(`/etc/${file}`) ? readFileSync(`/etc/${file}`, 'utf8') : ''
}
