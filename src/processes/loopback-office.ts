/**
 * The process that is the telephone offices of a run where there are no cables: the same exchange and the same packet
 * line (`src/wire/office.ts`), with datagrams on loopback in place of frames.
 *
 *      host a                        this process                        host b
 *   telephones <---UDP---> [exchange]  ==== trunk ====  [exchange] <---UDP---> telephones
 *      program <---UDP---> [line    ]  ==== queue ====  [line    ] <---UDP---> program
 *
 * Who wants to be reached says `attach` to its socket first. Nobody sees the trunk: it is counted, and not shown.
 */
import * as dgram from 'node:dgram'
import { once } from 'node:events'
import type { Emitter } from '../events/emit.ts'
import type { OfficePorts, ToOffices } from '../hosts/loopback-offices.ts'
import { helperLog, serveLab } from '../kernel/as-helper.ts'
import { formatTelephone, parseTelephone } from '../protocols/telephone/message.ts'
import type { Town } from '../wire/exchange.ts'
import { type Departure, Office, type OfficeSettings } from '../wire/office.ts'
import { OfficeLog } from '../wire/office-log.ts'

const LOOPBACK = '127.0.0.1'
const TOWNS: readonly Town[] = ['a', 'b']

/** A socket of the office, and who has attached to it. */
interface Wire {
  socket: dgram.Socket
  /** null: nobody yet, and what is for them is lost. */
  there: dgram.RemoteInfo | null
}

class LoopbackOffice {
  readonly #office: Office<Buffer>
  readonly #log: OfficeLog
  readonly #exchange: Record<Town, Wire>
  readonly #line: Record<Town, Wire>
  #timer: NodeJS.Timeout | undefined

  static async open(name: string, settings: OfficeSettings, emit: Emitter): Promise<LoopbackOffice> {
    const [a, b, lineA, lineB] = [await wire(), await wire(), await wire(), await wire()]
    return new LoopbackOffice(name, settings, emit, { a, b }, { a: lineA, b: lineB })
  }

  private constructor(
    name: string,
    settings: OfficeSettings,
    emit: Emitter,
    exchange: Record<Town, Wire>,
    line: Record<Town, Wire>,
  ) {
    this.#office = new Office(settings)
    this.#log = new OfficeLog(name, this.#office, emit)
    this.#exchange = exchange
    this.#line = line
    for (const town of TOWNS) {
      exchange[town].socket.on('message', (datagram, from) => this.#hear(town, datagram, from))
      line[town].socket.on('message', (datagram, from) => this.#queue(town, datagram, from))
    }
  }

  get ports(): OfficePorts {
    const of = (town: Town) => ({
      exchange: this.#exchange[town].socket.address().port,
      line: this.#line[town].socket.address().port,
    })
    return { a: of('a'), b: of('b') }
  }

  count(): void {
    this.#turn()
    this.#log.tellCounts()
  }

  #hear(town: Town, datagram: Buffer, from: dgram.RemoteInfo): void {
    const message = parseTelephone(datagram)
    if (message === null) return
    // Whoever came first: any program of this machine can send here.
    if (message.verb === 'attach') this.#exchange[town].there ??= from
    this.#office.hear(message, town, performance.now())
    this.#log.tellCords()
    this.#turn()
  }

  #queue(town: Town, datagram: Buffer, from: dgram.RemoteInfo): void {
    const wire = this.#line[town]
    if (parseTelephone(datagram)?.verb === 'attach') {
      wire.there ??= from
      send(wire, formatTelephone({ verb: 'attach', line: 0 }))
      return
    }
    this.#office.queue(datagram, town, performance.now())
    this.#turn()
  }

  /** Lets out what is due, and comes back when more will be. */
  #turn(): void {
    for (const departure of this.#office.due(performance.now())) this.#deliver(departure)
    clearTimeout(this.#timer)
    const { nextDueMs } = this.#office
    if (nextDueMs === null) return
    this.#timer = setTimeout(() => this.#turn(), Math.max(0, Math.ceil(nextDueMs - performance.now())))
  }

  #deliver(departure: Departure<Buffer>): void {
    if ('packet' in departure) send(this.#line[departure.to], departure.packet)
    else if (departure.to !== 'meter') send(this.#exchange[departure.to], departure.telephone)
  }
}

async function wire(): Promise<Wire> {
  const socket = dgram.createSocket('udp4')
  // Who has closed its socket is not there any more; no error of ours.
  socket.on('error', () => {})
  socket.bind(0, LOOPBACK)
  await once(socket, 'listening')
  return { socket, there: null }
}

function send({ socket, there }: Wire, datagram: Buffer): void {
  if (there !== null) socket.send(datagram, there.port, there.address)
}

const { log } = helperLog('office')
const emit = log.emitter('office')
const offices = new Map<string, LoopbackOffice>()

serveLab<ToOffices, OfficePorts | undefined>(
  async (message) => {
    if ('count' in message) {
      offices.get(message.count)?.count()
      return undefined
    }
    const { name, settings } = message.open
    const office = await LoopbackOffice.open(name, settings, emit)
    offices.set(name, office)
    return office.ports
  },
  () => process.exit(),
)
