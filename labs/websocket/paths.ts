/** The connections of the dead line, by what their client does. */
export const WRITES = '/writes'
export const CLOSES = '/closes'
/** As the one before, with ws's own limit of 30 s. */
export const CLOSES_LATE = '/closes-late'
export const TERMINATES = '/terminates'
