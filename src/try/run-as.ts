/**
 * Whoever somebody's programs run as. In the lab's namespaces everybody is root, and where root runs the lab that is
 * the machine's: settings such as kernel.core_pattern ask for nothing but its uid, whatever the capabilities
 * (proc_sys_permission() in Linux's fs/proc/proc_sysctl.c). So the programs become somebody else first, and then
 * get a user namespace in which there is nobody but them.
 */
import type { Isolation } from '../hosts/capabilities.ts'
import { execute } from '../hosts/commands.ts'
import { CannotRunError } from '../launcher/launch.ts'

/** Part of a plan. */
export type RunAs = {
  /** As the lab's namespace counts its users: there an ordinary user is root, and has no other name. */
  uid: number
  /** Put before each command, on its host. */
  prefix: string[]
  /** Who that is, in its own environment. */
  environment: Record<string, string>
  /** Told before the run and where something goes wrong; null: they run as the person in front. */
  name: string | null
  /** The person's folder is not theirs to read. */
  cannotRead: string | null
}

interface Ids {
  uid: number
  gid: number
}

/** The user whom nothing belongs to (Linux's overflowuid): where nobody said on whose behalf root asks. */
const NOBODY: Ids = { uid: 65_534, gid: 65_534 }
const UID_MAX = 2 ** 32 - 2

/** Put before a command, /proc/sys cannot be written by it, whoever it is. A host's mounts are its command's own. */
const SETTINGS_READ_ONLY = ['sh', '-c', 'mount -o bind,ro /proc/sys /proc/sys && exec "$@"', 'sh']

/**
 * The ids to run programs by: one's own, but root's never.
 * @param sudo as sudo(8) sets them, of whoever has typed it
 */
export function idsFor(self: Ids, sudo: { SUDO_UID?: string; SUDO_GID?: string }): Ids {
  if (self.uid !== 0) return self
  const uid = idOf(sudo.SUDO_UID)
  return uid === null ? NOBODY : { uid, gid: idOf(sudo.SUDO_GID) ?? NOBODY.gid }
}

/** null: none, root's, or no id at all. */
function idOf(text = ''): number | null {
  const id = Number(text)
  return /^\d+$/.test(text) && id > 0 && id <= UID_MAX ? id : null
}

/**
 * Put before a command on a host: it runs by these ids, in a user namespace that has no others, without
 * capabilities, and no setuid program gives it any (PR_SET_NO_NEW_PRIVS).
 * @param asRoot the hosts were made by the machine's root
 */
export function commandPrefix({ uid, gid }: Ids, asRoot: boolean): string[] {
  // The last capability goes with the next user namespace: whoever has it may make one where others may not.
  const become = ['inh-caps', 'ambient-caps', 'bounding-set'].map((set) => `--${set}=-all,+sys_admin`)
  const user = asRoot ? [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...become] : []
  const namespace = ['unshare', '--user', `--map-user=${uid}`, `--map-group=${gid}`, '--']
  return [...SETTINGS_READ_ONLY, 'setpriv', ...user, '--no-new-privs', ...namespace]
}

/**
 * Finds out by doing it once.
 * @param folder where the programs are to run
 * @throws CannotRunError when programs would run as the machine's root, or not at all
 */
export async function findRunAs(isolation: Isolation, folder: string): Promise<RunAs> {
  const self = { uid: process.getuid?.() ?? NOBODY.uid, gid: process.getgid?.() ?? NOBODY.gid }
  const isRoot = self.uid === 0
  if (isRoot && !isolation.asRoot) {
    throw new CannotRunError(
      'try runs no program as the root of a machine, and here root cannot make hosts for anybody else; start it as an ordinary user',
    )
  }
  const ids = idsFor(self, process.env)
  const prefix = commandPrefix(ids, isRoot)
  const rehearsal = ['sh', '-c', 'test -r "$0" && test -x "$0" && echo readable; exit 0', folder]
  const tried = await execute([...isolation.commandPrefix, ...prefix, ...rehearsal])
  if (tried.status !== 0) {
    const why = tried.stderr.split('\n')[0] || `status ${tried.status}`
    throw new CannotRunError(
      isRoot
        ? `try cannot run programs as another user than root here: ${why}; in a container it needs the capabilities that docker-compose.yml names`
        : `try cannot give programs a user namespace of their own here: ${why}`,
    )
  }
  if (!isRoot) return { uid: 0, prefix, environment: {}, name: null, cannotRead: null }
  const { name, home } = await accountOf(ids.uid)
  return {
    uid: ids.uid,
    prefix,
    environment: { HOME: home, USER: name, LOGNAME: name },
    name,
    cannotRead: tried.stdout.trim() === 'readable' ? null : folder,
  }
}

/** passwd(5), from wherever this machine keeps its users. */
async function accountOf(uid: number): Promise<{ name: string; home: string }> {
  const { stdout } = await execute(['getent', 'passwd', String(uid)])
  const [name = '', , , , , home = ''] = stdout.split('\n')[0]?.split(':') ?? []
  return { name: name || `uid ${uid}`, home: home || '/' }
}

/** What a person should know before the programs start; null where they run as that person. */
export function runAsWords({ name, cannotRead }: RunAs): string | null {
  if (name === null) return null
  return `not as root: the programs run as ${name}${cannotRead === null ? '' : `, ${folderWords(cannotRead)}`}`
}

/** Put behind what went wrong, where this may be why. */
export function blameWords({ name, cannotRead }: RunAs): string {
  if (name === null) return ''
  return cannotRead === null ? `; it ran as ${name}` : `; it ran as ${name}, ${folderWords(cannotRead)}`
}

function folderWords(folder: string): string {
  return `who may not read ${folder}: start try with sudo from your own account, or in a folder that everybody may read`
}
