/**
 * WAV files of telephone speech: 8,000 samples a second, one channel, 16 bits. Others are refused, with what to do.
 *
 *     "RIFF" length "WAVE", then pieces: four letters, length, so many bytes and one more where that is odd.
 *     "fmt " says what the samples are, "data" has them; all others are passed over. All numbers are little-endian.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { readRegularBytes } from '../../foreign/regular-file.ts'
import { UsageError } from '../../foreign/usage.ts'
import { SAMPLES_PER_SECOND } from '../../protocols/rtp/constants.ts'

const RIFF_HEADER_BYTES = 12
const PIECE_HEADER_BYTES = 8
const FORMAT_BYTES = 16
const HEADER_BYTES = RIFF_HEADER_BYTES + PIECE_HEADER_BYTES + FORMAT_BYTES + PIECE_HEADER_BYTES
const PCM = 1
/** What it is stands further on; for one channel of 16 bits it is PCM, or nobody plays it. */
const EXTENSIBLE = 0xfffe
const SAMPLE_BYTES = 2
const SAMPLE_BITS = 16

/** Twenty minutes. It is in memory as a whole. */
const FILE_BYTES_MAX = 20 * 1024 * 1024
/** Ten minutes of what was heard. */
const RECORDED_SAMPLES_MAX = 600 * SAMPLES_PER_SECOND

/** @throws UsageError with one line that says what is wrong and what to do */
export function readWavFile(path: string): Int16Array {
  let bytes: Buffer
  try {
    bytes = readRegularBytes(path, FILE_BYTES_MAX)
  } catch (error) {
    throw new UsageError(`cannot read "${path}": ${(error as Error).message}`)
  }
  const problem = { wrong: '' }
  const samples = readWav(bytes, problem)
  if (samples !== null) return samples
  throw new UsageError(
    `"${path}" ${problem.wrong}: it should be 8000 Hz, mono, 16 bits; "sox ${path} -r 8000 -c 1 -b 16 new.wav" makes it so`,
  )
}

/** @returns null for what cannot be sent as it is; `problem.wrong` then says why */
export function readWav(bytes: Buffer, problem = { wrong: '' }): Int16Array | null {
  const refuse = (wrong: string) => {
    problem.wrong = wrong
    return null
  }
  const isWav = bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WAVE'
  if (!isWav) return refuse('is no WAV file')
  let isFormatKnown = false
  for (const piece of piecesOf(bytes)) {
    if (piece.name === 'fmt ') {
      const wrong = formatProblem(piece.body)
      if (wrong !== null) return refuse(wrong)
      isFormatKnown = true
    } else if (piece.name === 'data') {
      if (!isFormatKnown) return refuse('does not say what its samples are before they come')
      return samplesOf(piece.body)
    }
  }
  return refuse('has no samples')
}

/** A recorder that was killed leaves lengths that are too great: what is there counts. */
function* piecesOf(bytes: Buffer): Generator<{ name: string; body: Buffer }> {
  for (let at = RIFF_HEADER_BYTES; at + PIECE_HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4)
    const start = at + PIECE_HEADER_BYTES
    yield { name: bytes.toString('latin1', at, at + 4), body: bytes.subarray(start, start + length) }
    at = start + length + (length % 2)
  }
}

function formatProblem(body: Buffer): string | null {
  if (body.length < FORMAT_BYTES) return 'is damaged: its description is too short'
  const format = body.readUInt16LE(0)
  const channels = body.readUInt16LE(2)
  const rate = body.readUInt32LE(4)
  const bits = body.readUInt16LE(14)
  if (format !== PCM && format !== EXTENSIBLE) return `is of format ${format}, not plain samples (1)`
  if (channels === 1 && rate === SAMPLES_PER_SECOND && bits === SAMPLE_BITS) return null
  return `has ${rate} Hz, ${channels === 1 ? 'one channel' : `${channels} channels`}, ${bits} bits`
}

function samplesOf(body: Buffer): Int16Array {
  const count = Math.floor(body.length / SAMPLE_BYTES)
  return Int16Array.from({ length: count }, (_, place) => body.readInt16LE(SAMPLE_BYTES * place))
}

/** What stands before so many samples. */
export function wavHeader(samples: number): Buffer {
  const dataBytes = SAMPLE_BYTES * samples
  const header = Buffer.alloc(HEADER_BYTES)
  header.write('RIFF', 0)
  header.writeUInt32LE(HEADER_BYTES - PIECE_HEADER_BYTES + dataBytes, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(FORMAT_BYTES, 16)
  header.writeUInt16LE(PCM, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(SAMPLES_PER_SECOND, 24)
  header.writeUInt32LE(SAMPLES_PER_SECOND * SAMPLE_BYTES, 28)
  header.writeUInt16LE(SAMPLE_BYTES, 32)
  header.writeUInt16LE(SAMPLE_BITS, 34)
  header.write('data', 36)
  header.writeUInt32LE(dataBytes, 40)
  return header
}

export interface WavRecorder {
  /** @returns false once the file is as long as it may be */
  write(samples: Int16Array): boolean
  /** Writes how long it became. */
  close(): void
}

/** Writes to the file as it comes. @throws what opening the file throws (EACCES, ENOENT, ...) */
export function recordWav(path: string): WavRecorder {
  const file = openSync(path, 'w')
  writeSync(file, wavHeader(0))
  let recorded = 0
  return {
    write(samples) {
      const fitting = samples.subarray(0, RECORDED_SAMPLES_MAX - recorded)
      const bytes = Buffer.allocUnsafe(SAMPLE_BYTES * fitting.length)
      for (const [place, sample] of fitting.entries()) bytes.writeInt16LE(sample, SAMPLE_BYTES * place)
      writeSync(file, bytes)
      recorded += fitting.length
      return recorded < RECORDED_SAMPLES_MAX
    },
    close() {
      writeSync(file, wavHeader(recorded), 0, HEADER_BYTES, 0)
      closeSync(file)
    },
  }
}
