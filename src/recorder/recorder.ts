/**
 * The recorder: reads what the programs append to their event files, checks each line against the
 * vocabulary, and writes one file in order of time. It never touches the programs: killed, frozen or
 * slow, it loses nothing, since the files wait.
 */
import { appendFileSync, closeSync, readdirSync, readSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  inOrder,
  LOG_BYTES_MAX,
  lineRefused,
  parseEvent,
  WRITTEN_LINE_BYTES_MAX,
  type WrittenEvent,
} from '../events/parse.ts'
import { type LabEvent, TIME_MAX_MS, TIME_MIN_MS } from '../events/vocabulary.ts'
import { openRegular } from '../foreign/regular-file.ts'

/** Often enough for a person who watches; each look costs one readdir and one read a file. */
const LOOK_EVERY_MS = 100
/**
 * An event waits so long for older ones of other files before it is written. A process can be
 * interrupted between taking the time and writing the line; longer than this is rare, and readers sort.
 */
const HOLD_BACK_MS = 200
const CHUNK_BYTES = 262_144
/** How much of one file is read in one look, so that a program that writes faster than we read does not keep us for ever. */
const LOOK_BYTES_MAX = 16_000_000
/** Twice what an endpoint in a container writes before it ends itself. What is longer is not ours. */
const FILE_BYTES_MAX = 256_000_000
/** A file for each process of each host; in a folder that others may write to, there could be any number. */
const FILES_MAX = 5000
const EXCERPT_LENGTH = 120
/** So that the last line, which says that it is full, has room, too. */
const RECORDED_BYTES_MAX = LOG_BYTES_MAX - 10_000

export interface RecorderOptions {
  /** The folder with one event file a process. */
  folder: string
  /** The file to append to, in order. */
  output: string
  run: string
  lab: string
  /** CLOCK_MONOTONIC at the start of the run: `time` counts from here. */
  beganAt: bigint
  /** The pid that other terminals see for a pid of the event files, where it differs. */
  outerPid?: (pid: number) => number | undefined
  /** What is written and handed over for a batch: itself, and what follows from it. Without it, itself. */
  arrange?: (events: LabEvent[]) => LabEvent[]
  /** Called with every batch, ordered, right after it was written. */
  onEvents?: (events: LabEvent[]) => void
}

interface Tail {
  /** null: it is not read, or not any more. */
  descriptor: number | null
  /** Read so far. */
  bytes: number
  /** Bytes after the last line end. */
  rest: Buffer
  lines: number
  /** The current line is too long: skip to its end. */
  skipping: boolean
}

export class Recorder {
  readonly #options: RecorderOptions
  readonly #tails = new Map<string, Tail>()
  readonly #chunk = Buffer.alloc(CHUNK_BYTES)
  readonly #timer: NodeJS.Timeout
  #held: WrittenEvent[] = []
  #remarks = 0
  /** Bytes of the output. */
  #written = 0
  /** Of the output there is as much as can be read again: nothing more is read or written. */
  #isFull = false

  /** Starts at once and goes on until `close`. */
  constructor(options: RecorderOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#look(HOLD_BACK_MS, LOOK_BYTES_MAX), LOOK_EVERY_MS)
  }

  /** Takes what is there to the last byte, writes it, and closes the files. */
  close(): void {
    clearInterval(this.#timer)
    this.#look(0, FILE_BYTES_MAX)
    for (const tail of this.#tails.values()) stopReading(tail)
    this.#tails.clear()
  }

  /** Whether it alone keeps this process going, as it does at first. */
  ref(): void {
    this.#timer.ref()
  }
  unref(): void {
    this.#timer.unref()
  }

  #look(holdBackMs: number, bytesMax: number): void {
    if (this.#isFull) return
    for (const name of readdirSync(this.#options.folder)) {
      if (!name.endsWith('.ndjson')) continue
      let tail = this.#tails.get(name)
      if (tail === undefined) {
        if (this.#tails.size >= FILES_MAX) continue
        tail = {
          descriptor: this.#open(name),
          bytes: 0,
          rest: Buffer.alloc(0),
          lines: 0,
          skipping: false,
        }
        this.#tails.set(name, tail)
      }
      this.#read(name, tail, bytesMax)
    }
    this.#write(process.hrtime.bigint() - BigInt(holdBackMs) * 1_000_000n)
  }

  /** null, and a remark, for what is no file of events. */
  #open(name: string): number | null {
    try {
      return openRegular(join(this.#options.folder, name), FILE_BYTES_MAX)
    } catch (error) {
      this.#remark(name, 1, `expected a file of events: ${(error as Error).message}`, '')
      return null
    }
  }

  #read(name: string, tail: Tail, bytesMax: number): void {
    for (const until = tail.bytes + bytesMax; tail.descriptor !== null && tail.bytes < until; ) {
      const length = readSync(tail.descriptor, this.#chunk, 0, CHUNK_BYTES, null)
      if (length === 0) return
      tail.bytes += length
      if (tail.bytes > FILE_BYTES_MAX) {
        this.#remark(
          name,
          tail.lines + 1,
          `expected at most ${FILE_BYTES_MAX} bytes; the rest is not read`,
          '',
        )
        stopReading(tail)
        return
      }
      let bytes = Buffer.concat([tail.rest, this.#chunk.subarray(0, length)])
      for (;;) {
        const end = bytes.indexOf(0x0a)
        if (end === -1) break
        tail.lines += 1
        if (end > WRITTEN_LINE_BYTES_MAX) this.#skip(tail, name, tail.lines, bytes)
        if (!tail.skipping) this.#take(bytes.toString('utf8', 0, end), name, tail.lines)
        tail.skipping = false
        bytes = bytes.subarray(end + 1)
      }
      if (bytes.length > WRITTEN_LINE_BYTES_MAX) {
        this.#skip(tail, name, tail.lines + 1, bytes)
        bytes = Buffer.alloc(0)
      }
      tail.rest = Buffer.from(bytes)
    }
  }

  /** The line that begins with these bytes is too long. */
  #skip(tail: Tail, name: string, line: number, bytes: Buffer): void {
    if (!tail.skipping) {
      const problem = `expected lines under ${WRITTEN_LINE_BYTES_MAX} bytes`
      this.#remark(name, line, problem, bytes.toString('utf8', 0, EXCERPT_LENGTH))
    }
    tail.skipping = true
  }

  #take(line: string, file: string, number: number): void {
    const event = parseEvent(line)
    const problem = 'problem' in event ? event.problem : this.#stampProblem(event)
    if (problem !== null) this.#remark(file, number, problem, line.slice(0, EXCERPT_LENGTH))
    else this.#held.push(event as WrittenEvent)
  }

  /** An event of the future would be held until then, and one of long before is nobody's. */
  #stampProblem(event: WrittenEvent): string | null {
    if (BigInt(event.mono) > process.hrtime.bigint()) return 'expected a stamp that is not of the future'
    const time = this.#timeOf(event)
    return time < TIME_MIN_MS || time > TIME_MAX_MS ? 'expected a stamp of this run' : null
  }

  #remark(file: string, line: number, problem: string, excerpt: string): void {
    this.#held.push(this.#refused(file, line, problem, excerpt))
  }

  #refused(file: string, line: number, problem: string, excerpt: string): WrittenEvent {
    const { run, lab } = this.#options
    const about = { mono: String(process.hrtime.bigint()), run, lab }
    return lineRefused(about, this.#remarks++, { file, line, problem, excerpt })
  }

  #write(until: bigint): void {
    const ripe = this.#held.filter((event) => BigInt(event.mono) <= until).sort(inOrder)
    if (ripe.length === 0) return
    this.#held = this.#held.filter((event) => BigInt(event.mono) > until)
    const completed = ripe.map((event) => this.#complete(event))
    this.#append(this.#options.arrange?.(completed) ?? completed)
  }

  /** What nobody could read again is not written; the last line says so. */
  #append(events: LabEvent[]): void {
    const lines: string[] = []
    for (const event of events) {
      const line = `${JSON.stringify(event)}\n`
      this.#written += Buffer.byteLength(line)
      this.#isFull = this.#written > RECORDED_BYTES_MAX
      if (this.#isFull) break
      lines.push(line)
    }
    const recorded = events.slice(0, lines.length)
    if (this.#isFull) {
      const problem = `expected at most ${RECORDED_BYTES_MAX} bytes in all; the rest is not recorded`
      const last = this.#complete(
        this.#refused(basename(this.#options.output), lines.length + 1, problem, ''),
      )
      recorded.push(last)
      lines.push(`${JSON.stringify(last)}\n`)
    }
    appendFileSync(this.#options.output, lines.join(''))
    this.#options.onEvents?.(recorded)
  }

  #complete(event: WrittenEvent): LabEvent {
    const outerPid = this.#options.outerPid?.(event.pid)
    const time = this.#timeOf(event)
    return { ...event, time, ...(outerPid === undefined ? {} : { outerPid }) } as LabEvent
  }

  #timeOf({ mono }: WrittenEvent): number {
    // Microseconds are enough for a reader; `mono` keeps the rest.
    return Number((BigInt(mono) - this.#options.beganAt) / 1000n) / 1000
  }
}

function stopReading(tail: Tail): void {
  if (tail.descriptor !== null) closeSync(tail.descriptor)
  tail.descriptor = null
}
