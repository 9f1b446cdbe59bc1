/**
 * The sockets of another process, read without changing anything about them.
 *
 * /proc/<pid>/fd says which sockets it holds (proc_pid_fd(5)). Their options are told to nobody but who holds
 * them: so pidfd_getfd(2) duplicates a descriptor into this process for the microseconds of reading. A duplicate
 * is one more reference to the same socket. It sends nothing and sets nothing; a process that closes the socket
 * in that very moment closes it those microseconds later.
 */
import { closeSync, fstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { libc, libcProblem } from './libc.ts'
import { readTcp, type TcpReading } from './socket-options.ts'
import { isOver, parseProcessState } from './socket-table.ts'

/** The same on all machines that Node runs on: system calls younger than 5.1 have one number. */
const SYS_PIDFD_OPEN = 434
const SYS_PIDFD_GETFD = 438
/** PIDFD_THREAD in linux/pidfd.h, since Linux 6.9: of one thread, whether it is the first of its process or not. */
const PIDFD_THREAD = 0x80

/** What is read of a command line. */
const COMMAND_BYTES_MAX = 4096

export interface ForeignProcess {
  pid: number
  /** The thread by which it is read: the first, whose id is `pid`, unless that has ended and others live. */
  thread: number
  /** Its arguments, or its name in brackets where it hides them. */
  command: string
  uid: number
  /** `net:[4026531840]`: equal for processes of one network namespace. */
  netNamespace: string
  /** By inode, a descriptor that is that socket: of any protocol, Unix ones too. */
  sockets: ReadonlyMap<number, number>
  /** It has more descriptors than were looked at. */
  cutShort: boolean
}

/**
 * What /proc says of a process.
 * @param descriptorsMax how many of its descriptors are looked at
 * @throws Error with code ENOENT or ESRCH when there is no such process (any more), EACCES when it is not ours to see,
 *   {@link ZOMBIE} when it has ended and its parent has not asked how
 */
export function readForeignProcess(pid: number, descriptorsMax: number): ForeignProcess {
  const { uid } = statSync(`/proc/${pid}`)
  const { thread, descriptors, netNamespace } = livingThread(pid)
  const folder = `/proc/${pid}/task/${thread}`
  const sockets = new Map<number, number>()
  for (const fd of descriptors.slice(0, descriptorsMax)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/fd/${fd}`))?.[1]
    if (inode !== undefined) sockets.set(Number(inode), Number(fd))
  }
  return {
    pid,
    thread,
    command: commandOf(folder),
    uid,
    netNamespace,
    sockets,
    cutShort: descriptors.length > descriptorsMax,
  }
}

/** What {@link readForeignProcess} fails with for a process whose threads have all ended. */
export const ZOMBIE = 'ZOMBIE'

/** The first thread may end by itself (pthread_exit(3)); all share the descriptors. */
function livingThread(
  pid: number,
): Pick<ForeignProcess, 'thread' | 'netNamespace'> & { descriptors: string[] } {
  const threads = readdirSync(`/proc/${pid}/task`).map(Number)
  for (const thread of [pid, ...threads.filter((one) => one !== pid)]) {
    try {
      const folder = `/proc/${pid}/task/${thread}`
      // One that has ended shows root no descriptors, and forbids everybody else to look, its own user too.
      if (isOver(parseProcessState(readFileSync(`${folder}/stat`, 'latin1')))) continue
      const descriptors = readdirSync(`${folder}/fd`)
      return { thread, descriptors, netNamespace: readlinkSync(`${folder}/ns/net`) }
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes(codeOf(error))) throw error
    }
  }
  throw Object.assign(new Error(`process ${pid} has ended`), { code: threads.length > 0 ? ZOMBIE : 'ESRCH' })
}

/** Empty where the descriptor was closed while we looked. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}

function commandOf(folder: string): string {
  const line = readFileSync(`${folder}/cmdline`, 'utf8').slice(0, COMMAND_BYTES_MAX)
  const words = line.split('\0').filter((word) => word !== '')
  return words.length > 0 ? words.join(' ') : `[${readFileSync(`${folder}/comm`, 'utf8').trim()}]`
}

export type SocketReader = {
  /**
   * Options and TCP_INFO of one of its sockets.
   * @returns null when it was closed meanwhile
   * @throws Error when that is not allowed: {@link problemOf}
   */
  read(inode: number, fd: number): TcpReading | null
  close(): void
}

/**
 * Opens a process for reading its sockets' options.
 * @returns why that is not possible, in words, where it is not
 * @throws Error with code ESRCH when it has ended
 */
export function openSocketReader({
  pid,
  thread,
}: Pick<ForeignProcess, 'pid' | 'thread'>): SocketReader | { problem: string } {
  const system = libc()
  if (system === null) return { problem: libcProblem() ?? '' }
  if (retagsSockets(controlGroups('self'), controlGroups(thread))) {
    return { problem: 'it is in another net_cls or net_prio control group: a duplicate would change its own' }
  }
  let pidfd: number
  try {
    pidfd = system.syscall(SYS_PIDFD_OPEN, thread, thread === pid ? 0 : PIDFD_THREAD, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') throw error
    return { problem: problemOf(error) }
  }
  return {
    read(inode, fd) {
      let duplicate: number
      try {
        duplicate = system.syscall(SYS_PIDFD_GETFD, pidfd, fd, 0)
      } catch (error) {
        // EBADF: closed meanwhile. ESRCH: so was the process.
        if (['EBADF', 'ESRCH'].includes(codeOf(error))) return null
        throw error
      }
      try {
        // The number may stand for another file by now.
        return fstatSync(duplicate).ino === inode ? readTcp(duplicate) : null
      } finally {
        closeSync(duplicate)
      }
    },
    close: () => closeSync(pidfd),
  }
}

function controlGroups(pid: number | 'self'): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
  } catch {
    return ''
  }
}

/**
 * Whether a duplicate would change the socket after all: the kernel gives a socket that it hands over the
 * traffic class and priority of the process that receives it (__receive_sock()), where the old net_cls and
 * net_prio control groups are in use.
 * @param own the text of /proc/self/cgroup (cgroups(7))
 * @param theirs of the other process
 */
export function retagsSockets(own: string, theirs: string): boolean {
  const groupsOf = (text: string) =>
    text
      .split('\n')
      .filter((line) => /^\d+:([^:]*,)?net_(cls|prio)(,[^:]*)?:/.test(line))
      .join('\n')
  return groupsOf(own) !== groupsOf(theirs)
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}

/** Why a descriptor could not be duplicated, with what would help. */
export function problemOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'EPERM':
      return 'EPERM; readable as root, or after sysctl kernel.yama.ptrace_scope=0'
    case 'ENOSYS':
      return 'this needs Linux 5.6'
    default:
      return error instanceof Error ? error.message : String(error)
  }
}
