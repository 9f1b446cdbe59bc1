/** kamailio as registrar and proxy: it asks everybody for a password, and stays in the way of a call's requests. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../../src/hosts/host.ts'
import type { HostCommand } from '../../../src/hosts/host-command.ts'
import { type Office, until } from './office.ts'

export const PASSWORD = 'secret'
const REALM = 'lab'

export async function startKamailio(office: Office, host: Host): Promise<HostCommand> {
  const folder = office.folderOf(`kamailio-${host.name}`)
  const file = join(folder, 'kamailio.cfg')
  const control = join(folder, 'control')
  writeFileSync(file, configuration(host.address, control))
  // In the foreground, telling standard error; -Y: its files are not those of another one on this machine.
  const argv = ['kamailio', '-f', file, '-DD', '-E', '-Y', folder, '-w', folder]
  const command = await office.start(host, argv, { name: 'kamailio' })
  await until('kamailio has its control socket', command, () => existsSync(control))
  return command
}

/** Without DNS: it would be asked, and nobody answers here. */
function configuration(address: string, control: string): string {
  const modules = [
    'ctl',
    'tm',
    'sl',
    'rr',
    'pv',
    'maxfwd',
    'siputils',
    'textops',
    'usrloc',
    'registrar',
    'auth',
  ]
  return `
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
rev_dns=no
dns=no
listen=udp:${address}:5060
listen=tcp:${address}:5060
${modules.map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("ctl", "binrpc", "unix:${control}")
modparam("auth", "nonce_count", 1)

request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) {
    if (loose_route() || is_method("ACK")) t_relay(); else sl_send_reply("404", "Not Here");
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("${REALM}", "${PASSWORD}", "0")) { www_challenge("${REALM}", "1"); exit; }
    save("location");
    exit;
  }
  if (!pv_proxy_authenticate("${REALM}", "${PASSWORD}", "0")) { proxy_challenge("${REALM}", "1"); exit; }
  consume_credentials();
  record_route();
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_relay();
}
`
}
