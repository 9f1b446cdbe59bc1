/**
 * Whether this is the package that others install, or a clone: in a package all is compiled beforehand
 * (`scripts/build.ts`), and there is neither TypeScript nor esbuild. Read by pages too, so nothing of Node is used.
 */

/** Put in by esbuild, by this very name; in a clone nobody defines it. */
declare const STILLHERE_PACKAGE: true | undefined

export const isPackage = typeof STILLHERE_PACKAGE !== 'undefined'

/** Where everything compiled is in a package. */
export const BUILT = 'dist/'

/**
 * What a person types to start something of this project, here: `npm run lab:tcp -- --play` in a clone,
 * `npx stillhere lab tcp --play` where the package is installed.
 * @param command `doctor`, `lab`, `lab tcp` @param options as they are typed
 */
export function ownCommand(command: string, options = ''): string {
  if (isPackage) return ['npx stillhere', command, options].filter((part) => part !== '').join(' ')
  return `npm run ${command.replace(' ', ':')}${options === '' ? '' : ` -- ${options}`}`
}
