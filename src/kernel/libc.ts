/**
 * The C functions that Node does not offer: setsockopt(2), getsockopt(2), clock_getres(2), and syscall(2) for
 * what the C library of a machine may not have yet.
 *
 * Linux only: the numbers they take differ elsewhere. koffi calls C functions from a prebuilt
 * binary, which may be missing on a machine; so it is loaded at the first call, and a program that never
 * asks, or can do without, never notices.
 */
import { createRequire } from 'node:module'

type Koffi = typeof import('koffi')

export interface Libc {
  /** @throws Error with the name of the errno, such as EBADF */
  setsockopt(fd: number, level: number, option: number, value: Buffer): void
  /**
   * Fills `value` with the option and returns how many bytes the kernel wrote.
   * @throws Error with the name of the errno
   */
  getsockopt(fd: number, level: number, option: number, value: Buffer): number
  /** @throws Error with the name of the errno as `code` too */
  syscall(number: number, first: number, second: number, third: number): number
  /** Of CLOCK_MONOTONIC_COARSE, which moves once in a tick of the kernel. */
  coarseClockResolutionMs(): number
  /** What this process has of malloc(3), as mallinfo(3) counts it; null where the library does not count. */
  allocatedBytes(): number | null
}

const CLOCK_MONOTONIC_COARSE = 6

let loaded: { libc: Libc } | { problem: string } | undefined

/** The C library, or null where it cannot be called: {@link libcProblem} says why. */
export function libc(): Libc | null {
  loaded ??= load()
  return 'libc' in loaded ? loaded.libc : null
}

/** Why {@link libc} is null; null where it is not. */
export function libcProblem(): string | null {
  loaded ??= load()
  return 'problem' in loaded ? loaded.problem : null
}

function load(): { libc: Libc } | { problem: string } {
  if (process.platform !== 'linux') {
    return {
      problem: `socket options are set by number, and the numbers here are Linux's, not ${process.platform}'s`,
    }
  }
  try {
    return { libc: bind(loadKoffi()) }
  } catch (error) {
    return { problem: `koffi does not load: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** @throws Error where its binary is missing */
export function loadKoffi(): Koffi {
  // Not an import, which would be resolved before anything runs and fail the whole program.
  return createRequire(import.meta.filename)('koffi')
}

/** What the last call failed with, such as EBADF. */
export function errnoName(koffi: Koffi): string {
  const errno = koffi.errno()
  return Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`
}

function bind(koffi: Koffi): Libc {
  // No file name: Node itself is linked with the C library, whichever that is (glibc, musl).
  const self = koffi.load(null)
  const setsockopt = self.func(
    'int setsockopt(int fd, int level, int option, const void *value, uint32_t bytes)',
  )
  // Plain pointers into buffers of ours: to convert arrays for each call takes longer than the call.
  const getsockopt = self.func('int getsockopt(int fd, int level, int option, void *value, void *bytes)')
  const length = new Uint32Array(1)
  // Variadic in C; three numbers are passed in the same registers.
  const syscall = self.func('long syscall(long number, long first, long second, long third)')
  const mallinfo = bindMallinfo(koffi, self)
  const clockGetres = self.func('int clock_getres(int clock, _Out_ long *resolution)')
  return {
    setsockopt(fd, level, option, value) {
      if (setsockopt(fd, level, option, value, value.length) !== 0) {
        throw new Error(`setsockopt(level ${level}, option ${option}) failed: ${errnoName(koffi)}`)
      }
    },
    getsockopt(fd, level, option, value) {
      length[0] = value.length
      if (getsockopt(fd, level, option, value, length) !== 0) {
        throw new Error(`getsockopt(level ${level}, option ${option}) failed: ${errnoName(koffi)}`)
      }
      return length[0]
    },
    syscall(number, ...values) {
      const result = Number(syscall(number, ...values))
      if (result < 0) {
        const code = errnoName(koffi)
        throw Object.assign(new Error(`system call ${number} failed: ${code}`), { code })
      }
      return result
    },
    coarseClockResolutionMs() {
      const resolution = [0, 0] // struct timespec: seconds, nanoseconds
      clockGetres(CLOCK_MONOTONIC_COARSE, resolution)
      return Number(resolution[1]) / 1e6
    },
    allocatedBytes() {
      if (mallinfo === null) return null
      // In its heaps, and what is so large that it was mapped by itself.
      const { uordblks, hblkhd } = mallinfo()
      return Number(uordblks) + Number(hblkhd)
    },
  }
}

/** Since glibc 2.33, and in no other library: before, the numbers overflowed. */
function bindMallinfo(koffi: Koffi, self: ReturnType<Koffi['load']>): (() => Record<string, number>) | null {
  const names = [
    'arena',
    'ordblks',
    'smblks',
    'hblks',
    'hblkhd',
    'usmblks',
    'fsmblks',
    'uordblks',
    'fordblks',
  ]
  try {
    const fields = Object.fromEntries([...names, 'keepcost'].map((name) => [name, 'size_t']))
    return self.func('mallinfo2', koffi.struct(fields), [])
  } catch {
    return null
  }
}
