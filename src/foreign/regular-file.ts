/**
 * A file that somebody else may have put there, read so that it stops nothing: a FIFO would be waited for, a
 * device or a sparse file would fill the memory, a link would lead out of its folder.
 *
 * Synchronous: a regular file answers at once, and what is asked of the system between two of these calls
 * cannot be changed meanwhile by another part of this process.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** One read(2). */
const CHUNK_BYTES = 65_536
const LINE_END = 0x0a

/** Windows has neither links to guard against in this way, nor FIFOs with a name in a folder. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** What is there is not what is read; the message goes after the file's name: `is no regular file`. */
export class ForeignFileError extends Error {
  override name = 'ForeignFileError'
}

/**
 * Opens a file for reading, if it is one.
 * @param bytesMax what is larger is not ours
 * @returns a descriptor; who asked closes it
 * @throws ForeignFileError; what opening throws (ENOENT, EACCES, ...)
 */
export function openRegular(path: string, bytesMax: number): number {
  const descriptor = opened(path)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) throw new ForeignFileError('is no regular file')
    if (stat.size > bytesMax) throw tooBig(bytesMax)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function opened(path: string): number {
  try {
    return openSync(path, FLAGS)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ELOOP') throw new ForeignFileError('is a link: give the file itself')
    // A socket, or a device without a driver.
    if (code === 'ENXIO' || code === 'ENODEV') throw new ForeignFileError('is no regular file')
    throw error
  }
}

function tooBig(bytesMax: number): ForeignFileError {
  return new ForeignFileError(`is too big: more than ${bytesMax} bytes`)
}

/** The whole of a small file. @throws as {@link openRegular} */
export function readRegular(path: string, bytesMax: number): string {
  return readRegularBytes(path, bytesMax).toString('utf8')
}

/** The same, where it is no text. @throws as {@link openRegular} */
export function readRegularBytes(path: string, bytesMax: number): Buffer {
  const descriptor = openRegular(path, bytesMax)
  try {
    return Buffer.concat([...chunksOf(descriptor, bytesMax)])
  } finally {
    closeSync(descriptor)
  }
}

/** It may grow while it is read. */
function* chunksOf(descriptor: number, bytesMax: number): Generator<Buffer> {
  for (let total = 0; ; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const length = readSync(descriptor, chunk, 0, CHUNK_BYTES, null)
    if (length === 0) return
    total += length
    if (total > bytesMax) throw tooBig(bytesMax)
    yield chunk.subarray(0, length)
  }
}

/**
 * A file line by line, the last one also without its end; null for a line that is longer than `lineBytesMax`.
 * @throws as {@link openRegular}, before the first line or where it became too big
 */
export function* linesOfRegular(
  path: string,
  { bytesMax, lineBytesMax }: { bytesMax: number; lineBytesMax: number },
): Generator<string | null> {
  const descriptor = openRegular(path, bytesMax)
  try {
    let rest: Buffer = Buffer.alloc(0)
    let isTooLong = false
    for (const chunk of chunksOf(descriptor, bytesMax)) {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      for (let end = bytes.indexOf(LINE_END); end !== -1; end = bytes.indexOf(LINE_END)) {
        yield isTooLong || end > lineBytesMax ? null : bytes.toString('utf8', 0, end)
        isTooLong = false
        bytes = bytes.subarray(end + 1)
      }
      isTooLong ||= bytes.length > lineBytesMax
      rest = isTooLong ? Buffer.alloc(0) : bytes
    }
    if (isTooLong) yield null
    else if (rest.length > 0) yield rest.toString('utf8')
  } finally {
    closeSync(descriptor)
  }
}
