/** That somebody has ended a process of a host, in words. */
import type { EventData } from './vocabulary.ts'

/** `redis on cut-b was ended by SIGKILL, which the lab had not sent` */
export function killWords({ host, data }: { host: string; data: EventData<'host:killed'> }): string {
  return `${data.what} on ${host} was ended by ${data.signal}, which the lab had not sent`
}
