/**
 * The names of the hosts, by files of the run's own in place of the machine's: an unknown name fails at once, where
 * otherwise the machine's name server would be waited for, which no host can reach.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

/** `.test` is nobody's (RFC 6761 section 6.2). */
export const SERVER_NAME = 'server.test'
export const SECOND_NAME = 'server2.test'
const CLIENT_NAME = 'client.test'

/** On a file system of the run's own. */
const FOLDER = '/run/names'
const MACHINES_HOSTS = '/etc/hosts'
/** Nobody listens there, and says so at once; unless it is one of somebody's programs. */
const RESOLVER = 'nameserver 127.0.0.1\n'

/** Run with a folder as $0 and a command: in the mounts of that command alone these files are in /etc. */
const WITH_FILES =
  'for file in hosts resolv.conf; do [ ! -e "/etc/$file" ] || mount --bind "$0/$file" "/etc/$file" || exit; done; exec "$@"'

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
  const others = existsSync(MACHINES_HOSTS) ? readFileSync(MACHINES_HOSTS, 'utf8') : ''
  const own = [
    [server, SERVER_NAME],
    ...(second === null ? [] : [[second, SECOND_NAME]]),
    [client, CLIENT_NAME],
  ]
  writeFileSync(`${folder}/hosts`, `${own.map((line) => line.join(' ')).join('\n')}\n${others}`)
  writeFileSync(`${folder}/resolv.conf`, RESOLVER)
  return ['sh', '-c', WITH_FILES, folder]
}
