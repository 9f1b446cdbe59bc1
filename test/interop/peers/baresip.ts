/** baresip, a telephone without a sound card: it says a tone, and keeps what it hears as a WAV file. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../../src/hosts/host.ts'
import type { HostCommand } from '../../../src/hosts/host-command.ts'
import type { Office } from './office.ts'

const READY_LIMIT_MS = 10_000

export interface Baresip {
  user: string
  /** Where it is registered with a password; without it, it has an address of its own and asks nobody. */
  registrar?: { host: string; password: string }
  toneHz: number
  /** Ends its call, and itself, so long after it was started. */
  forSeconds?: number
  /** Whom it calls at once. */
  calls?: string
}

/** @returns what it runs as, and what it has heard: a WAV file, once it has ended */
export async function startBaresip(
  office: Office,
  host: Host,
  { user, registrar, toneHz, forSeconds, calls }: Baresip,
): Promise<{ command: HostCommand; heard: () => string }> {
  const folder = office.folderOf(`baresip-${host.name}`)
  const recorded = join(folder, 'recorded')
  mkdirSync(recorded)
  const account =
    registrar === undefined
      ? `<sip:${user}@${host.address}>;regint=0`
      : `<sip:${user}@${registrar.host}>;regint=60;auth_user=${user};auth_pass=${registrar.password}`
  writeFileSync(join(folder, 'accounts'), `${account};answermode=auto\n`)
  writeFileSync(join(folder, 'contacts'), '')
  writeFileSync(join(folder, 'config'), configuration(host.address, toneHz, recorded))
  const argv = ['baresip', '-f', folder, '-v', ...(forSeconds === undefined ? [] : ['-t', `${forSeconds}`])]
  const command = await office.start(
    host,
    [...argv, ...(calls === undefined ? [] : ['-e', `/dial ${calls}`])],
    {
      name: 'baresip',
    },
  )
  await command.untilLine(registrar === undefined ? /baresip is ready/ : /\b200 OK/, {
    withinMs: READY_LIMIT_MS,
  })
  return { command, heard: () => heardIn(recorded) }
}

function configuration(address: string, toneHz: number, recorded: string): string {
  // Its source of tones knows no other rate, and stays silent, without a word, when asked for one.
  const [rate, channels] = [48_000, 2]
  const modules = ['g711', 'ausine', 'aubridge', 'sndfile'].map((name) => `module ${name}.so`)
  return `${[
    'poll_method epoll',
    `sip_listen ${address}:5060`,
    'module_path /usr/lib/baresip/modules',
    ...modules,
    'module_tmp account.so',
    'module_tmp uuid.so',
    'module_app menu.so',
    `audio_source ausine,${toneHz}`,
    'audio_player aubridge,null',
    'audio_alert aubridge,null',
    `ausrc_srate ${rate}`,
    `ausrc_channels ${channels}`,
    `auplay_srate ${rate}`,
    `auplay_channels ${channels}`,
    `snd_path ${recorded}`,
  ].join('\n')}\n`
}

/** Its recordings are of one call: what it heard (dec), and what it said (enc). */
function heardIn(folder: string): string {
  const files = readdirSync(folder).filter((name) => name.endsWith('-dec.wav'))
  const [file] = files
  if (file === undefined || files.length > 1) throw new Error(`${files.length} recordings, one was expected`)
  return join(folder, file)
}
