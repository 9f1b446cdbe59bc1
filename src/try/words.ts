/** Why an end gave up its peer, in words for somebody who knows their own program and no kernel. */
import type { Trigger } from '../events/vocabulary.ts'

const WORDS: Partial<Record<Trigger, string>> = {
  fin: "the peer's kernel said that no more will come (FIN)",
  econnreset: 'its kernel had the connection no more, at once (RST)',
  kernel_gave_up: 'its kernel gave up, since nobody answered',
  user_closed: 'its program closed the connection',
  program_said: 'its program said so',
  program_ended: 'its program ended',
}

export function triggerWords(trigger: Trigger): string {
  return WORDS[trigger] ?? trigger
}
