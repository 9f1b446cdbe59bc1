/**
 * Is a session a connection?
 *
 *        a: the client                                    b: the server
 *   says message 1, 2, ... 20      ==== network ====     answers with its count: 1 message 1
 *
 * Both ends speak the session protocol of this project (`src/protocols/session/README.md`), text lines over TCP or
 * over UDP. Each message has a number and is kept until it is acknowledged; a secret token lets a new connection go
 * on where the old one ended. Then its connections die, one way or another, and so do the programs at both ends.
 * `plain` is the same conversation over TCP alone: whoever loses the connection connects again and talks on.
 *
 * The claim: however many connections die, no message is lost, doubled or overtaken while the session lives; and
 * when it cannot live, both ends learn it.
 *
 * Predict before you run: the server is killed and started again. What does its client hear, and when?
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import type { EventName } from '../../src/events/vocabulary.ts'
import type { Host, Pair } from '../../src/hosts/host.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { Case, Plan } from '../../src/lab/plan.ts'
import type { Rig } from '../../src/lab/rig.ts'
import type { SessionHandle, SocketAddress, TcpListener, TcpSocket } from '../../src/lab/sockets.ts'
import type { Wanted } from '../../src/programs/event-memory.ts'
import type { ClientMemory } from '../../src/protocols/session/client.ts'
import { WRONG_TOKENS_PER_CONNECTION_MAX } from '../../src/protocols/session/constants.ts'
import { conditionsOf, graceOf, PLAIN_IN_CUT, plainLine, type SessionSettings } from './conditions.ts'
import { judgeRun } from './judge.ts'
import { questionsOf } from './questions.ts'
import { matrix } from './table.ts'

type Row = 'tcp' | 'udp' | 'plain'

const CASES: readonly (Case & { rows: readonly Row[] })[] = [
  { id: 'one', promise: 'nothing goes wrong', rows: ['tcp', 'udp', 'plain'] },
  { id: 'several', promise: 'the connection is broken three times', rows: ['tcp', 'udp'] },
  {
    id: 'move',
    promise: 'the client goes on from another address of its host',
    needs: ['network'],
    rows: ['tcp', 'udp'],
  },
  {
    id: 'mended',
    promise: 'the cable is cut, and mended before the grace period is over',
    needs: ['network'],
    rows: ['tcp', 'udp', 'plain'],
  },
  {
    id: 'too-late',
    promise: 'the cable is cut, and mended after the grace period',
    needs: ['network'],
    rows: ['tcp', 'udp'],
  },
  {
    id: 'client-kept',
    promise: 'the client is killed, and started again with its state',
    rows: ['tcp', 'udp'],
  },
  { id: 'client-anew', promise: 'the client is killed, and started again without', rows: ['tcp', 'udp'] },
  {
    id: 'server-kept',
    promise: 'the server is killed, and started again with its store',
    rows: ['tcp', 'udp'],
  },
  { id: 'server-anew', promise: 'the server is killed, and started again without', rows: ['tcp', 'udp'] },
  {
    id: 'stolen',
    promise: 'a thief has a copy of the client’s state, then its owner comes back',
    rows: ['tcp', 'udp'],
  },
  { id: 'guessed', promise: 'somebody knows the session’s name and guesses tokens', rows: ['tcp'] },
  { id: 'rivals', promise: 'a client and a copy of it resume at the same moment', rows: ['tcp', 'udp'] },
]

export const session: Lab<SessionSettings> = {
  id: 'session',
  question: 'Is a session a connection? Break one after the other, and count',
  cases: CASES,
  mechanisms: ['tcp', 'udp', 'plain'],
  hasCell: (caseId, mechanism) =>
    CASES.find(({ id }) => id === caseId)?.rows.some((row) => row === mechanism) ?? false,
  showFirst: ['mended/tcp', 'server-kept/tcp', 'server-anew/tcp', 'stolen/tcp', 'move/udp'],
  lessons: {
    tcp: 'connections come and go; the session is what both ends remember.',
    udp: 'no connection at all, and the same session.',
    plain: 'without a session, a new connection knows nothing of the old one.',
  },
  prepare: conditionsOf,
  experiment,
  questions: questionsOf,
  judge: judgeRun,
  matrix,
}

async function experiment(rig: Rig, plan: Plan<SessionSettings>): Promise<void> {
  const possible = rig.possible(CASES)
  rig.say(`starting ${2 * possible.length} hosts, a pair for each case`)
  const pairs = await rig.boot(possible)
  mkdirSync(`${plan.folder}/kept`, { recursive: true, mode: 0o700 })
  rig.say('they are up, and begin to talk')
  await Promise.all(
    pairs.map((pair) =>
      rig.runCase(pair, async () => {
        rig.truth(pair.a, 'answering', 'it answers')
        rig.truth(pair.b, 'answering', 'it answers')
        await ACTS[pair.name]?.(rig, plan, pair)
      }),
    ),
  )
}

const ACTS: Record<string, (rig: Rig, plan: Plan<SessionSettings>, pair: Pair) => Promise<void>> = {
  one,
  several,
  move,
  mended,
  'too-late': tooLate,
  'client-kept': clientKept,
  'client-anew': clientAnew,
  'server-kept': (rig, plan, pair) => serverKilled(rig, plan, pair, true),
  'server-anew': (rig, plan, pair) => serverKilled(rig, plan, pair, false),
  stolen,
  guessed,
  rivals,
}

/** Longer than anything here takes that is waited for: whoever waits so long has found a mistake. */
const WITHIN_MS = 60_000
/** To see that nothing follows. */
const AFTERWARDS_MS = 500

// ---- one connection, several, another address --------------------------------------------------------

async function one(rig: Rig, plan: Plan<SessionSettings>, pair: Pair): Promise<void> {
  const plain = plainOf(rig, plan, pair)
  await Promise.all([
    all(rig, plan, pair, async (it) => {
      await it.begin()
      await it.say(1, it.messages)
      await it.end()
    }),
    plain?.connect().then(() => plain.say(1, plan.settings.messages)),
  ])
  await plain?.end()
}

async function several(rig: Rig, plan: Plan<SessionSettings>, pair: Pair): Promise<void> {
  await all(rig, plan, pair, async (it) => {
    await it.begin()
    const part = it.messages / 4
    for (let each = 0; each < 4; each++) {
      await it.say(1 + each * part, part)
      if (each === 3) break
      await it.client.drop()
      // Said while there is no connection, or a new one: nobody who talks has to know.
      await it.untilAttached(each + 2)
    }
    await it.end()
  })
}

async function move(rig: Rig, plan: Plan<SessionSettings>, pair: Pair): Promise<void> {
  const another = pair.a.address.replace(/\d+$/, '77')
  const ip = ['ip', 'address', 'add', `${another}/24`, 'dev', 'eth0']
  await (await rig.start(pair.a, ip, { name: 'ip' })).exited
  await all(rig, plan, pair, async (it) => {
    await it.begin()
    const talking = it.say(1, it.messages)
    await it.untilAcknowledged(it.before)
    await it.client.move(another)
    await talking
    await it.end()
  })
}

// ---- a cut ------------------------------------------------------------------------------------------

async function mended(rig: Rig, plan: Plan<SessionSettings>, pair: Pair): Promise<void> {
  const { before, messages } = plan.settings
  const all = conversations(rig, plan, pair)
  const plain = plainOf(rig, plan, pair)
  await Promise.all([
    ...all.map(async (it) => {
      await it.begin()
      await it.say(1, before)
      await it.untilAnswered()
    }),
    plain?.connect().then(() => plain.say(1, before)),
  ])
  const { undo } = await rig.strike('cut', pair)
  // They go on talking: a write into a cut connection succeeds.
  const talking = all.map((it) => it.say(1 + before, messages - before))
  await plain?.say(1 + before, PLAIN_IN_CUT)
  await Promise.all(
    all.flatMap((it) => [it.untilState(pair.a, 'detached'), it.untilState(pair.b, 'detached')]),
  )
  await plain?.giveUp()
  await undo()
  await plain?.connect()
  await plain?.say(1 + before + PLAIN_IN_CUT, messages - before - PLAIN_IN_CUT)
  await Promise.all(talking)
  await Promise.all(all.map((it) => it.end()))
  await plain?.end()
  rig.endWatch('cut', pair)
}

async function tooLate(rig: Rig, plan: Plan<SessionSettings>, pair: Pair): Promise<void> {
  const all = conversations(rig, plan, pair)
  await Promise.all(
    all.map(async (it) => {
      await it.begin()
      await it.say(1, it.before)
      await it.untilAcknowledged(it.before)
    }),
  )
  const { undo } = await rig.strike('cut', pair)
  // Said into the cut: it will never be known what became of them, since nobody will say.
  await Promise.all(all.map((it) => it.say(1 + it.before, 3)))
  await Promise.all(all.map((it) => it.untilOver(pair.b)))
  await undo()
  await Promise.all(all.map((it) => it.untilOver(pair.a)))
  rig.endWatch('cut', pair)
}

// ---- a killed program ---------------------------------------------------------------------------------

async function clientKept(rig: Rig, plan: Plan<SessionSettings>, pair: Pair): Promise<void> {
  const all = await killClient(rig, plan, pair, true)
  await Promise.all(
    all.map(async (it) => {
      const said = stateOf(it.stateFile)
      await it.open()
      const first = said.acknowledged + said.unacknowledged.length + 1
      await it.say(first, it.messages - first + 1)
      await it.end()
    }),
  )
  rig.endWatch('kill', pair, pair.a)
}

async function clientAnew(rig: Rig, plan: Plan<SessionSettings>, pair: Pair): Promise<void> {
  const all = await killClient(rig, plan, pair, false)
  await Promise.all(
    all.map(async (it) => {
      await it.open()
      await it.untilAttached(2)
      await it.say(1, it.before)
      await it.untilAcknowledged(it.before)
      // The session of the dead client.
      await it.untilOver(pair.b)
      await it.end(2)
    }),
  )
  rig.endWatch('kill', pair, pair.a)
}

/** In mid-conversation: the clients have said some messages, and are about to say more. */
async function killClient(
  rig: Rig,
  plan: Plan<SessionSettings>,
  pair: Pair,
  isKept: boolean,
): Promise<Conversation[]> {
  const all = conversations(rig, plan, pair, { isClientKept: isKept })
  await Promise.all(
    all.map(async (it) => {
      await it.begin()
      it.say(1, it.messages).catch(() => {}) // it dies meanwhile
      await it.untilAcknowledged(it.before)
    }),
  )
  await rig.strike('kill', pair, pair.a)
  await rig.restart(pair, pair.a)
  return all
}

async function serverKilled(
  rig: Rig,
  plan: Plan<SessionSettings>,
  pair: Pair,
  isKept: boolean,
): Promise<void> {
  const all = conversations(rig, plan, pair, { isServerKept: isKept })
  const talking = all.map(async (it) => {
    await it.begin()
    await it.say(1, it.messages)
  })
  await Promise.all(all.map((it) => it.untilAcknowledged(it.before)))
  await rig.strike('kill', pair, pair.b)
  await Promise.all(all.map((it) => it.untilState(pair.a, 'detached')))
  await rig.restart(pair, pair.b)
  await Promise.all(all.map((it) => it.serve()))
  await Promise.all(talking)
  await Promise.all(all.map((it) => (isKept ? it.end() : it.untilOver(pair.a))))
  rig.endWatch('kill', pair, pair.b)
}

// ---- whose session? -----------------------------------------------------------------------------------

async function stolen(rig: Rig, plan: Plan<SessionSettings>, pair: Pair): Promise<void> {
  await all(
    rig,
    plan,
    pair,
    async (it) => {
      await it.begin()
      await it.say(1, it.before)
      await it.untilAnswered()
      // What malware does with the cookies of a browser: nothing is guessed, nothing is broken.
      const [copy, own] = [`${it.stateFile}.stolen`, `${it.stateFile}.again`]
      copyFileSync(it.stateFile, copy)
      copyFileSync(it.stateFile, own)
      const thief = await it.open('thief', copy)
      await it.untilOver(pair.a)
      await thief.say(1 + it.before, 3, it.everyMs)
      await it.open('owner-again', own)
      await it.untilOver(pair.a, 3)
      await it.untilOver(pair.b)
    },
    { isClientKept: true },
  )
}

async function guessed(rig: Rig, plan: Plan<SessionSettings>, pair: Pair): Promise<void> {
  await all(
    rig,
    plan,
    pair,
    async (it) => {
      await it.begin()
      const talking = it.say(1, it.messages)
      await it.untilAcknowledged(it.before)
      const { session: name } = stateOf(it.stateFile)
      for (const digit of ['0', 'f']) {
        const guesser = await rig.sockets(pair.a).tcp.connect(it.row, it.at)
        await guesser.connected()
        const guess = `RESUME ${name} ${digit.repeat(32)} ${digit.repeat(32)} 0\n`
        for (let each = 0; each < WRONG_TOKENS_PER_CONNECTION_MAX; each++) await guesser.write(guess)
        const told = { groupId: guesser.groupId, withinMs: WITHIN_MS }
        await rig.untilEvent(pair.a, 'tcp:end_received', told)
      }
      await talking
      await it.end()
    },
    { isClientKept: true },
  )
}

async function rivals(rig: Rig, plan: Plan<SessionSettings>, pair: Pair): Promise<void> {
  await all(
    rig,
    plan,
    pair,
    async (it) => {
      await it.begin()
      await it.say(1, it.before)
      await it.untilAnswered()
      const copy = `${it.stateFile}.copy`
      copyFileSync(it.stateFile, copy)
      await Promise.all([it.client.drop(), it.open('copy', copy)])
      await it.untilOver(pair.a)
      await rig.sleep(AFTERWARDS_MS)
    },
    { isClientKept: true },
  )
}

// ---- a conversation -----------------------------------------------------------------------------------

interface Kept {
  isClientKept?: boolean
  isServerKept?: boolean
}

function conversations(rig: Rig, plan: Plan<SessionSettings>, pair: Pair, kept: Kept = {}): Conversation[] {
  const rows = (['tcp', 'udp'] as const).filter((row) => plan.cells.includes(`${pair.name}/${row}`))
  return rows.map((row) => new Conversation(rig, plan, pair, row, kept))
}

async function all(
  rig: Rig,
  plan: Plan<SessionSettings>,
  pair: Pair,
  act: (it: Conversation) => Promise<void>,
  kept: Kept = {},
): Promise<void> {
  await Promise.all(conversations(rig, plan, pair, kept).map(act))
}

/** One client, one server, one session between them; unless it ends. */
class Conversation {
  readonly row: 'tcp' | 'udp'
  readonly messages: number
  readonly everyMs: number
  readonly before: number
  readonly stateFile: string
  at: SocketAddress = { address: '', port: 0 }
  readonly #rig: Rig
  readonly #plan: Plan<SessionSettings>
  readonly #pair: Pair
  readonly #kept: Kept
  #client: SessionHandle | undefined
  /** The number of the last message. */
  #said = 0

  constructor(rig: Rig, plan: Plan<SessionSettings>, pair: Pair, row: 'tcp' | 'udp', kept: Kept) {
    this.#rig = rig
    this.#plan = plan
    this.#pair = pair
    this.#kept = kept
    this.row = row
    this.messages = plan.settings.messages
    this.everyMs = plan.settings.everyMs
    this.before = plan.settings.before
    this.stateFile = `${plan.folder}/kept/${pair.name}-${row}.json`
  }

  get client(): SessionHandle {
    if (this.#client === undefined) throw new Error(`${this.#pair.name}: there is no client yet`)
    return this.#client
  }

  async begin(): Promise<void> {
    await this.serve()
    await this.open()
    await this.untilAttached(1)
  }

  /** Where clients know it, when there was one before. */
  async serve(): Promise<void> {
    const { timing } = this.#plan.settings
    const graceMs = graceOf(this.#plan.settings, this.#pair.name)
    const storeFolder = this.#kept.isServerKept
      ? `${this.#plan.folder}/kept/${this.#pair.name}-${this.row}`
      : null
    const options = { carrier: this.row, port: this.at.port, timing, graceMs, storeFolder }
    this.at = await this.#rig.sockets(this.#pair.b).session.serve(this.row, options)
  }

  /** @param stateFile of another client than the one that {@link client} is */
  async open(name = 'session-client', stateFile?: string): Promise<SessionHandle> {
    const own = this.#kept.isClientKept ? this.stateFile : null
    const options = {
      name,
      carrier: this.row,
      timing: this.#plan.settings.timing,
      stateFile: stateFile ?? own,
    }
    const client = await this.#rig.sockets(this.#pair.a).session.open(this.row, this.at, options)
    if (stateFile === undefined) this.#client = client
    return client
  }

  async say(first: number, count: number): Promise<void> {
    this.#said = first + count - 1
    await this.client.say(first, count, this.everyMs, WITHIN_MS)
  }

  /** Everything was said and answered; the session is closed in order. */
  async end(overs = 1): Promise<void> {
    await this.untilAnswered()
    await this.client.leave()
    await this.untilOver(this.#pair.b, overs)
  }

  async untilAcknowledged(number: number): Promise<void> {
    await this.#until(this.#pair.a, 'session:message_acknowledged', { where: { number } })
  }

  /** The client has the answer to its last message. */
  async untilAnswered(): Promise<void> {
    await this.#until(this.#pair.a, 'session:message_delivered', { where: { number: this.#said } })
  }

  /** The server's end, for the how-manieth time. */
  async untilAttached(occurrence: number): Promise<void> {
    await this.#until(this.#pair.b, 'session:state_updated', { where: { new: 'attached' }, occurrence })
  }

  async untilState(host: Host, state: string): Promise<void> {
    await this.#until(host, 'session:state_updated', { where: { new: state } })
  }

  /** Some end at this host says that the session is over, for the how-manieth time. */
  async untilOver(host: Host, occurrence = 1): Promise<void> {
    await this.#until(host, 'session:over', { occurrence })
  }

  async #until(host: Host, name: EventName, wanted: Omit<Wanted, 'name'>): Promise<void> {
    await this.#rig.untilEvent(host, name, { mechanism: this.row, ...wanted, withinMs: WITHIN_MS })
  }
}

/** What a client keeps: its token too. */
function stateOf(file: string): ClientMemory {
  return JSON.parse(readFileSync(file, 'utf8')) as ClientMemory
}

// ---- the same without a session -----------------------------------------------------------------------

function plainOf(rig: Rig, plan: Plan<SessionSettings>, pair: Pair): PlainConversation | null {
  return plan.cells.includes(`${pair.name}/plain`) ? new PlainConversation(rig, plan, pair) : null
}

/** Lines over TCP, one connection after another. Nobody numbers, nobody acknowledges, nobody keeps. */
class PlainConversation {
  readonly #rig: Rig
  readonly #plan: Plan<SessionSettings>
  readonly #pair: Pair
  #listener: TcpListener | undefined
  #socket: TcpSocket | undefined

  constructor(rig: Rig, plan: Plan<SessionSettings>, pair: Pair) {
    this.#rig = rig
    this.#plan = plan
    this.#pair = pair
  }

  async connect(): Promise<void> {
    this.#listener ??= await this.#rig.sockets(this.#pair.b).tcp.listen('plain')
    this.#socket = await this.#rig.sockets(this.#pair.a).tcp.connect('plain', this.#listener.at)
    await this.#socket.connected(WITHIN_MS)
  }

  async say(first: number, count: number): Promise<void> {
    for (let each = 0; each < count; each++) {
      await this.#socket?.write(plainLine(first + each))
      await this.#rig.sleep(this.#plan.settings.everyMs)
    }
  }

  /** What its kernel still had is gone with it. */
  async giveUp(): Promise<void> {
    await this.#socket?.resetAndDestroy()
  }

  async end(): Promise<void> {
    if (this.#socket === undefined) return
    await this.#socket.end()
    const { groupId } = this.#socket
    await this.#rig.untilEvent(this.#pair.b, 'tcp:end_received', { groupId, withinMs: WITHIN_MS })
  }
}
