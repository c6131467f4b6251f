/**
 * Modules and calls that a course may refuse to what students write. A guard-rail for learners: whatever is allowed here, the
 * sandbox holds. Names are stored; `_palimpsest/guard.py` knows each.
 */
export const RESTRICTED_MODULES = [
  'os.system',
  'os.exec',
  'os.spawn',
  'os.posix_spawn',
  'os.fork',
  'subprocess',
  'ctypes',
  'multiprocessing',
] as const;

export type RestrictedModule = (typeof RESTRICTED_MODULES)[number];

export function isRestrictedModule(name: unknown): name is RestrictedModule {
  return RESTRICTED_MODULES.some((module) => module === name);
}

/** What is refused where the installation refuses `byDefault` and a course has decided on some of them itself. */
export function refusedModules(
  byDefault: readonly RestrictedModule[],
  decided: ReadonlyMap<RestrictedModule, boolean>,
): RestrictedModule[] {
  return RESTRICTED_MODULES.filter((module) => !(decided.get(module) ?? !byDefault.includes(module)));
}
