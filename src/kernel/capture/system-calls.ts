/** The system calls of a capture that Node does not offer, with errors instead of -1. Linux only. */
import { errnoName, loadKoffi } from '../libc.ts'

export interface SystemCalls {
  /** @returns the descriptor, to be closed by `fs.closeSync` */
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Buffer): void
  setsockopt(fd: number, level: number, option: number, value: Buffer): void
  getsockopt(fd: number, level: number, option: number, value: Buffer): void
  /** Moves the calling thread, and no other, into a namespace. */
  setns(fd: number, kind: number): void
  /** The number of a network interface of the namespace that the thread is in. */
  ifNameToIndex(name: string): number
  /** Memory shared with the kernel, readable and writable. Nothing may touch it after `unmap`. */
  map(fd: number, bytes: number): { memory: ArrayBuffer; unmap: () => void }
  /** Nanoseconds. */
  wallClock(): bigint
}

const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_FAILED = 0xffff_ffff_ffff_ffffn
const CLOCK_REALTIME = 0

/** @throws Error where koffi has no binary for this machine */
export function systemCalls(): SystemCalls {
  const koffi = loadKoffi()
  // No file name: Node itself is linked with the C library.
  const self = koffi.load(null)
  const socket = self.func('int socket(int domain, int type, int protocol)')
  const bind = self.func('int bind(int fd, const void *address, uint32_t bytes)')
  const setsockopt = self.func(
    'int setsockopt(int fd, int level, int option, const void *value, uint32_t bytes)',
  )
  const getsockopt = self.func(
    'int getsockopt(int fd, int level, int option, _Out_ void *value, _Inout_ uint32_t *bytes)',
  )
  const setns = self.func('int setns(int fd, int kind)')
  const ifNameToIndex = self.func('uint32_t if_nametoindex(const char *name)')
  const mmap = self.func('void *mmap(void *at, size_t bytes, int protection, int flags, int fd, long offset)')
  const munmap = self.func('int munmap(void *at, size_t bytes)')
  const clockGettime = self.func('int clock_gettime(int clock, _Out_ long *time)')

  const checked = (result: number, call: string): number => {
    if (result === -1) throw new Error(`${call} failed: ${errnoName(koffi)}`)
    return result
  }
  return {
    socket: (domain, type, protocol) => checked(socket(domain, type, protocol), 'socket()'),
    bind: (fd, address) => void checked(bind(fd, address, address.length), 'bind()'),
    setsockopt: (fd, level, option, value) =>
      void checked(setsockopt(fd, level, option, value, value.length), `setsockopt(${level}, ${option})`),
    getsockopt: (fd, level, option, value) =>
      void checked(getsockopt(fd, level, option, value, [value.length]), `getsockopt(${level}, ${option})`),
    setns: (fd, kind) => void checked(setns(fd, kind), 'setns()'),
    ifNameToIndex: (name) => checked(ifNameToIndex(name) || -1, `if_nametoindex("${name}")`),
    map(fd, bytes) {
      const at: bigint = mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0)
      if (at === MAP_FAILED) throw new Error(`mmap(${bytes}) failed: ${errnoName(koffi)}`)
      return { memory: koffi.view(at, bytes), unmap: () => void munmap(at, bytes) }
    },
    wallClock() {
      const time = [0, 0] // struct timespec: seconds, nanoseconds
      clockGettime(CLOCK_REALTIME, time)
      return BigInt(time[0] ?? 0) * 1_000_000_000n + BigInt(time[1] ?? 0)
    },
  }
}
