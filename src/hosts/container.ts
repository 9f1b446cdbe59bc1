/**
 * Whether this process runs in a container with pids of its own. Typed in a terminal of the machine itself, the
 * number of a process in here means another process, and as root it would be struck.
 */
import { existsSync, readFileSync, readlinkSync } from 'node:fs'

/** PROC_PID_INIT_INO in linux/proc_ns.h: the machine's own pids. */
const MACHINE_PIDS = 'pid:[4026531836]'
/** Each engine leaves one in its containers. */
const ENGINES = [
  { marker: '/.dockerenv', engine: 'docker' },
  { marker: '/run/.containerenv', engine: 'podman' },
]
/** As an engine abbreviates an id. */
const ID_CHARACTERS = 12

/**
 * What another terminal puts before a command so that it runs in here: `docker exec 3f2a1b2c3d4e`, or nothing
 * where it is here already. null: nobody knows how it would get here.
 */
export function enterContainer(): string | null {
  const engine = ENGINES.find(({ marker }) => existsSync(marker))?.engine
  if (engine === undefined) return ''
  try {
    if (readlinkSync('/proc/self/ns/pid') === MACHINE_PIDS) return ''
    const id = containerIdIn(readFileSync('/proc/self/mountinfo', 'utf8'))
    return id && `${engine} exec ${id}`
  } catch {
    return null
  }
}

/** From /proc/<pid>/mountinfo: an engine mounts files of the container's own folder, as its hostname. */
export function containerIdIn(mountinfo: string): string | null {
  return /containers\/([0-9a-f]{64})\//.exec(mountinfo)?.[1]?.slice(0, ID_CHARACTERS) ?? null
}
