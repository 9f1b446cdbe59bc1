/** The balancer before the banks, as a process of its own: bundled, its file no longer knows that it was started. */
import { balancerByHand } from '../programs/balancer.ts'
import { runByHand } from '../programs/parts/command-line.ts'

runByHand(balancerByHand)
