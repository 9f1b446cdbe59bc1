export const LESSONS: Readonly<Record<string, string>> = {}
export const matrix = undefined as never
