/**
 * The words that the labs use without explaining them each time, in the order in which people meet them: what a
 * packet says, what a kernel and a program do, what this project calls things. The terminal, the report and the
 * live page show this list and no other.
 */

interface Word {
  readonly word: string
  /** One or two sentences, for somebody who has just met it. */
  readonly meaning: string
}

export const GLOSSARY: readonly Word[] = [
  {
    word: 'SYN',
    meaning: 'the packet that asks for a TCP connection; SYN ACK answers it, ACK completes it.',
  },
  {
    word: 'ACK',
    meaning: 'in a packet: all bytes up to this number have arrived, at the kernel, not at the program.',
  },
  { word: 'FIN', meaning: 'the packet that says: I shall send no more. The other direction stays open.' },
  {
    word: 'RST',
    meaning:
      'the packet that says: I know no such connection, or want it no longer. It ends both directions at once.',
  },
  {
    word: 'half-open',
    meaning:
      'one end has forgotten the connection, the other still believes in it. Not half-closed, which is agreed: one end has said FIN.',
  },
  {
    word: 'RTO',
    meaning:
      'retransmission timeout: how long a kernel waits for an ACK before it sends again; it doubles each time.',
  },
  {
    word: 'keepalive',
    meaning:
      'a kernel asks the other kernel now and then whether it still knows the connection. Off unless a program asks for it; a frozen program does not matter.',
  },
  {
    word: 'heartbeat',
    meaning: 'the same between programs: a message now and then, so that silence means something.',
  },
  {
    word: 'SIGKILL',
    meaning:
      'the signal that ends a process at once; it cannot say goodbye, but its kernel closes its connections for it.',
  },
  {
    word: 'SIGSTOP',
    meaning: 'the signal that freezes a process until SIGCONT; its kernel goes on acknowledging in its name.',
  },
  {
    word: 'namespace',
    meaning:
      'a network of its own inside one Linux machine, with its own addresses, cards and connections: what a host is made of here.',
  },
  {
    word: 'host',
    meaning:
      'where programs run: a namespace, a container or a plain process. Of a pair, a has the clients and b the servers.',
  },
  { word: 'belief', meaning: 'what an end takes its peer to be: unknown, connecting, up, suspect or down.' },
  {
    word: 'truth',
    meaning: 'what the lab knows of that peer, since the lab did it: answering, frozen, unreachable or gone.',
  },
  {
    word: 'unknown',
    meaning:
      'of a belief: nothing has been heard yet. As a certainty: silence, which proves nothing; FIN and RST are definite.',
  },
  {
    word: 'ghost',
    meaning:
      'a peer that an end believes in although it is no longer there. Ghost time lasts from the change of the truth until the belief follows.',
  },
  { word: 'fault', meaning: 'one thing that goes wrong, with a proof that it happened and an undo.' },
  {
    word: 'case',
    meaning:
      'one situation on a pair of hosts of its own: a column of the matrix. In lab keepalive each case is a fault.',
  },
  {
    word: 'row',
    meaning: 'one way to keep in touch (a mechanism, such as tcp-keepalive): a row of the matrix.',
  },
  { word: 'cell', meaning: 'one case on one row, such as cut/tcp-idle.' },
  {
    word: 'check',
    meaning: 'a claim in a sentence, with the expected range, what was observed, and a verdict.',
  },
  {
    word: 'slack',
    meaning:
      'what a busy machine may add between a cause and our seeing it: 300 ms on top of every upper bound, the same for all.',
  },
  {
    word: 'inconclusive',
    meaning:
      "of a check: it failed while the lab's own timer was late, so the machine was too busy to tell; or somebody else ended a process of its hosts.",
  },
]
