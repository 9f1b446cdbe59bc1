/** Servers that a case kills: each is a process of its own. */
import { dirname, join } from 'node:path'
