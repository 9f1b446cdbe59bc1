import type { RouterMapping } from '../events/vocabulary.ts'
import { RouterError, type RouterKind, type RouterSettings, routerKinds } from '../hosts/router.ts'
import type { Fault } from './fault.ts'
import { FaultError, verify } from './proof.ts'

/** The router is told to forget, once. */
export const natForgets: Fault = {
  id: 'nat-forgets',
  promise: 'the router between the hosts forgets its mappings; neither host is told',
  needs: ['router'],
  async strike({ pair, network }) {
    verify(network !== null, 'there is no router on loopback')
    try {
      const forgotten = await network.router(pair).forget()
      verify(forgotten > 0, 'the router had no mapping to forget')
      return {
        verifiedBy: `the router's table had ${forgotten} ${forgotten === 1 ? 'mapping' : 'mappings'}, and has none of them now`,
      }
    } catch (error) {
      if (error instanceof RouterError || error instanceof RangeError) throw new FaultError(error.message)
      throw error
    }
  },
}

/** A router that forgets by itself what is idle for so long. A `type`: it is part of a plan. */
export type IdleRouter = {
  idleSeconds: number
  /** null: it learns a connection anew from any segment from inside. */
  kind: RouterKind | null
}

const KIND_WORDS: Record<RouterKind, string> = {
  strict: 'lets what belongs to it pass untranslated',
  reset: 'answers RST to what belongs to it',
  silent: 'drops what belongs to it',
}

export function routerOf({ idleSeconds, kind }: IdleRouter): RouterSettings {
  return {
    tcpEstablishedSeconds: idleSeconds,
    udpSeconds: idleSeconds,
    udpStreamSeconds: idleSeconds,
    ...(kind === null ? {} : routerKinds[kind]),
  }
}

export function idlePromise({ idleSeconds, kind }: IdleRouter): string {
  const then = kind === null ? 'learns it anew from inside' : KIND_WORDS[kind]
  return `the router between the hosts forgets what is unused for ${idleSeconds} s, and ${then}; neither host is told`
}

/** What a router that forgets by itself was seen to do. */
export interface IdleSeen {
  /** It had these until nothing had passed for so long. */
  forgotten: readonly RouterMapping[]
  /** These it has now, of the same programs. */
  kept: readonly RouterMapping[]
  watchedMs: number
}

/** The router forgets by itself: this names the moment at which it was seen to have done so, or not to do it. */
export function natForgetsIdle(router: IdleRouter, { forgotten, kept, watchedMs }: IdleSeen): Fault {
  const limit = `${router.idleSeconds} s`
  return {
    id: 'nat-forgets',
    promise: idlePromise(router),
    needs: ['router'],
    async strike() {
      verify(forgotten.length + kept.length > 0, 'the router had no mapping to forget')
      if (forgotten.length > 0) {
        const list = forgotten.map(
          ({ protocol, source, destination }) => `${protocol} ${source} > ${destination}`,
        )
        return {
          verifiedBy: `the router's table had ${list.join(', ')} until nothing had passed for ${limit}`,
        }
      }
      const watched = `${Math.round(watchedMs / 1000)} s`
      return { verifiedBy: `in ${watched} the router forgot nothing: nobody was idle for ${limit}` }
    },
  }
}
