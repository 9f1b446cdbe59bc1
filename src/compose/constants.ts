/** What the containers have agreed on before they start. `docker-compose.yml` says the same addresses. */
import { mechanisms, type Ports } from '../programs/scripts/host-messages.ts'

/** The servers' ports are the same in every run: the router has to know them before anybody listens. */
const FIRST_PORT = 7001

export const SERVER_PORTS: Required<Ports> = Object.fromEntries(
  mechanisms.map((mechanism, index) => [mechanism, FIRST_PORT + index]),
) as Required<Ports>

/** A range as nft writes it. */
export const PORT_RANGE = `${FIRST_PORT}-${FIRST_PORT + mechanisms.length - 1}`

/** The lab whose mechanisms, settings and expectations the containers share. */
export const LAB = 'keepalive'
