/** The acts as the page shows them: with the names of today's containers, and what to expect of each. */
import { hostName, pairOf, sideOf } from '../events/host-names.ts'
import type { EventOf, LabEvent } from '../events/vocabulary.ts'
import type { Forecast, ShownAct } from '../page/messages.ts'
import type { Plan } from '../plan/plan.ts'
import { type Act, acts } from './acts.ts'
import { SERVER } from './arrange.ts'
import { forecast } from './forecast.ts'
import type { Judgement } from './judgement.ts'

/** docker-compose.yml gives its networks these names, so that they can be typed. */
const NETWORKS = { server: 'stillhere-inside', client: 'stillhere-outside', router: '' } as const

/** More strikes than a page shows: the oldest predictions go. */
const FORETOLD_MAX = 200

interface Container {
  /** As the engine abbreviates it. */
  id: string
  address: string
}

export class ShownActs {
  readonly #plan: Plan
  readonly #judgement: Judgement
  /** `server`, and each client by its pair. */
  readonly #containers = new Map<string, Container>()
  /** By act, from when all was well: in the middle of a strike nothing can be said of the next. */
  readonly #forecasts = new Map<string, Record<string, Forecast>>()

  /** What was said before a strike, by its act and by `<pair>/<number>`. */
  readonly #foretold: { act: string; strike: string; expected: Record<string, Forecast> }[] = []
  /** Strikes so far, by pair. */
  readonly #strikes = new Map<string, number>()

  constructor(plan: Plan, judgement: Judgement) {
    this.#plan = plan
    this.#judgement = judgement
  }

  take(event: LabEvent): void {
    if (event.name === 'fault:striking') this.#keepForecasts(event)
    if (event.name !== 'container:entered') return
    const { container: id, address } = event.data
    this.#containers.set(pairOf(event.host) ?? event.host, { id, address })
  }

  /** Once it has come true a prediction stays as it was: what is measured afterwards would be another one. */
  #keepForecasts({ data: { pair, fault, struck } }: EventOf<'fault:striking'>): void {
    const number = (this.#strikes.get(pair) ?? 0) + 1
    this.#strikes.set(pair, number)
    const struckService = sideOf(struck) === 'a' ? 'client' : 'server'
    for (const act of acts) {
      const expected = this.#forecasts.get(act.id)
      if (act.fault !== fault || expected === undefined) continue
      if (act.strikes !== 'router' && act.strikes !== struckService) continue
      this.#foretold.push({ act: act.id, strike: `${pair}/${number}`, expected })
    }
    this.#foretold.splice(0, this.#foretold.length - FORETOLD_MAX)
  }

  /** What can be done now, where something is known of those it would strike. */
  list(): ShownAct[] {
    const pair = [...this.#containers.keys()].find((name) => name !== SERVER)
    if (pair === undefined) return []
    this.#foresee(pair)
    return acts.map((act) => {
      const { strikes, fault, promise } = act
      const command = this.#commandOf(act, pair)
      const id = this.#isOfOneContainer(act) && strikes === 'client' ? act.id.replace('client', pair) : act.id
      return {
        id,
        strikes,
        fault,
        promise,
        command,
        announced: strikes === 'router' ? null : announced(id, command),
        expected: act.expected ?? this.#forecasts.get(act.id) ?? {},
        foretold: Object.fromEntries(
          this.#foretold
            .filter((one) => one.act === act.id)
            .map(({ strike, expected }) => [strike, expected]),
        ),
      }
    })
  }

  #foresee(pair: string): void {
    const log = this.#judgement.logOf(pair)
    const isWell = (['a', 'b'] as const).every(
      (side) => log.truthAt(hostName(pair, side), Number.POSITIVE_INFINITY) === 'answering',
    )
    if (!isWell) return
    for (const { id, fault, strikes } of acts) {
      if (fault === null) continue
      const struck = strikes === 'client' ? 'a' : 'b'
      this.#forecasts.set(id, forecast(log, this.#plan, pair, fault, struck))
    }
  }

  #commandOf(act: Act, pair: string): string {
    const { id = '', address = '' } = this.#containers.get(act.strikes === 'client' ? pair : SERVER) ?? {}
    return act.command
      .replace('{network}', NETWORKS[act.strikes])
      .replace('{container}', id)
      .replace('{address}', address)
  }

  /** Compose strikes all containers of a service, the engine itself only one. */
  #isOfOneContainer({ command }: Act): boolean {
    return command.includes('{container}')
  }
}

function announced(id: string, command: string): string {
  const announce = 'docker compose exec -T recorder announce'
  return `${announce} ${id} && ${command} && ${announce} returned ${id}`
}
