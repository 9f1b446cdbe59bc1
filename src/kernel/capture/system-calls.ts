/** The system calls of captures and cables that Node does not offer, with errors instead of -1. Linux only. */
import { errnoName, loadKoffi } from '../libc.ts'

export interface SystemCalls {
  /** @returns the descriptor, to be closed by `fs.closeSync` */
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Buffer): void
  setsockopt(fd: number, level: number, option: number, value: Buffer): void
  getsockopt(fd: number, level: number, option: number, value: Buffer): void
  /** @param argument what the kernel reads from, or writes to */
  ioctl(fd: number, request: number, argument: Buffer): void
  /** Moves the calling thread, and no other, into a namespace. */
  setns(fd: number, kind: number): void
  /** The number of a network interface of the namespace that the thread is in. */
  ifNameToIndex(name: string): number
  /** Memory shared with the kernel, readable and writable. Nothing may touch it after `unmap`. */
  map(fd: number, bytes: number): { memory: ArrayBuffer; unmap: () => void }
  /** Memory of our own, filled with zeros, and its address. Nothing may touch it after `unmap`. */
  allocate(bytes: number): { at: bigint; memory: ArrayBuffer; unmap: () => void }
  /** Nanoseconds. */
  wallClock(): bigint
  /** Without waiting. False when the kernel did not take it: the card is down, or its queue full. */
  send(fd: number, bytes: Buffer): boolean
  /** Without waiting. @param messages the address of so many `struct mmsghdr` @returns how many of them it took */
  sendMany(fd: number, messages: bigint, count: number): number
  /** A descriptor that another thread's poll wakes up for once eight bytes, a number, are written to it. */
  eventfd(): number
  /**
   * Waits in a thread of its own until one of the descriptors can be read (true), or `timeoutMs` have
   * passed (null: for as long as it takes), or a signal came. One such wait at a time; while it lasts,
   * `process.exit` waits too.
   */
  whenReadable(descriptors: readonly number[], timeoutMs: number | null): Promise<boolean>
  /**
   * The same in the calling thread, which does nothing else meanwhile: it is there at once, where the way back from
   * another thread takes longer than a frame should.
   */
  waitReadable(descriptors: readonly number[], timeoutMs: number | null): void
}

const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_PRIVATE_ANONYMOUS = 0x22
const MAP_FAILED = 0xffff_ffff_ffff_ffffn
const CLOCK_REALTIME = 0
const MSG_DONTWAIT = 0x40
const EFD_NONBLOCK = 0o4000
const POLLIN = 1

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
  // Variadic in C: one pointer is passed in the same register.
  const ioctl = self.func('int ioctl(int fd, unsigned long request, void *argument)')
  const setns = self.func('int setns(int fd, int kind)')
  const ifNameToIndex = self.func('uint32_t if_nametoindex(const char *name)')
  const mmap = self.func('void *mmap(void *at, size_t bytes, int protection, int flags, int fd, long offset)')
  const munmap = self.func('int munmap(void *at, size_t bytes)')
  const clockGettime = self.func('int clock_gettime(int clock, _Out_ long *time)')
  const send = self.func('long send(int fd, const void *bytes, size_t length, int flags)')
  const sendmmsg = self.func('int sendmmsg(int fd, void *messages, uint32_t count, int flags)')
  const eventfd = self.func('int eventfd(uint32_t value, int flags)')
  const ppoll = self.func('int ppoll(void *descriptors, size_t count, const void *timeout, const void *mask)')

  const checked = (result: number, call: string): number => {
    if (result === -1) throw new Error(`${call} failed: ${errnoName(koffi)}`)
    return result
  }
  const map = (fd: number, bytes: number, flags: number) => {
    const at: bigint = mmap(null, bytes, PROT_READ_WRITE, flags, fd, 0)
    if (at === MAP_FAILED) throw new Error(`mmap(${bytes}) failed: ${errnoName(koffi)}`)
    return { at, memory: koffi.view(at, bytes), unmap: () => void munmap(at, bytes) }
  }
  return {
    socket: (domain, type, protocol) => checked(socket(domain, type, protocol), 'socket()'),
    bind: (fd, address) => void checked(bind(fd, address, address.length), 'bind()'),
    setsockopt: (fd, level, option, value) =>
      void checked(setsockopt(fd, level, option, value, value.length), `setsockopt(${level}, ${option})`),
    getsockopt: (fd, level, option, value) =>
      void checked(getsockopt(fd, level, option, value, [value.length]), `getsockopt(${level}, ${option})`),
    ioctl: (fd, request, argument) =>
      void checked(ioctl(fd, request, argument), `ioctl(0x${request.toString(16)})`),
    setns: (fd, kind) => void checked(setns(fd, kind), 'setns()'),
    ifNameToIndex: (name) => checked(ifNameToIndex(name) || -1, `if_nametoindex("${name}")`),
    map: (fd, bytes) => map(fd, bytes, MAP_SHARED),
    allocate: (bytes) => map(-1, bytes, MAP_PRIVATE_ANONYMOUS),
    wallClock() {
      const time = [0, 0] // struct timespec: seconds, nanoseconds
      clockGettime(CLOCK_REALTIME, time)
      return BigInt(time[0] ?? 0) * 1_000_000_000n + BigInt(time[1] ?? 0)
    },
    send: (fd, bytes) => send(fd, bytes, bytes.length, MSG_DONTWAIT) === bytes.length,
    sendMany: (fd, messages, count) => sendmmsg(fd, messages, count, MSG_DONTWAIT),
    eventfd: () => checked(eventfd(0, EFD_NONBLOCK), 'eventfd()'),
    waitReadable(descriptors, timeoutMs) {
      if (timeoutMs !== null) setTimespec(pollTimeout, timeoutMs)
      ppoll(pollDescriptors(descriptors), descriptors.length, timeoutMs === null ? null : pollTimeout, null)
    },
    whenReadable: (descriptors, timeoutMs) =>
      new Promise((resolve) => {
        const asked = pollDescriptors(descriptors)
        if (timeoutMs !== null) setTimespec(pollTimeout, timeoutMs)
        ppoll.async(asked, descriptors.length, timeoutMs === null ? null : pollTimeout, null, () =>
          // Read from the memory that the call wrote to, which must live as long as the call.
          resolve(asked.some((word, index) => index % 2 === 1 && word !== POLLFD_ASKS)),
        )
      }),
  }
}

/** The second word of a struct pollfd, two numbers of 16 bits: POLLIN asked for, nothing found yet. */
const POLLFD_ASKS = new Int32Array(Uint16Array.of(POLLIN, 0).buffer)[0] ?? 0

/** Of each a struct pollfd: descriptor, events asked for, events found. */
function pollDescriptors(descriptors: readonly number[]): Int32Array {
  return new Int32Array(descriptors.flatMap((fd) => [fd, POLLFD_ASKS]))
}

/** struct timespec of ppoll(2), since poll(2) counts whole milliseconds. */
const pollTimeout = new BigInt64Array(2)

function setTimespec(timespec: BigInt64Array, milliseconds: number): void {
  const nanoseconds = BigInt(Math.max(0, Math.round(milliseconds * 1e6)))
  timespec[0] = nanoseconds / 1_000_000_000n
  timespec[1] = nanoseconds % 1_000_000_000n
}
