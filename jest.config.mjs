/**
 * One runner for every kind of test:
 *   *.spec.ts       no input or output
 *   *.int.spec.ts   the real Postgres, sandbox, sockets
 *   *.e2e.spec.ts   a real browser on a real installation
 * ESM needs NODE_OPTIONS=--experimental-vm-modules; tools/test.mjs sets it.
 */
const base = {
  testEnvironment: 'node',
  rootDir: import.meta.dirname,
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/', '<rootDir>/.*/out-tsc/'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  // NodeNext sources say './x.js' and mean './x.ts'.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // The condition that tsc uses as well: workspace packages resolve to their sources, no build is needed.
  testEnvironmentOptions: { customExportConditions: ['@palimpsest/source', 'node', 'node-addons'] },
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true, tsx: false },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};

const sources = ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/projections', '<rootDir>/test'];

export default {
  testTimeout: 30_000,
  // Suites leave their modules behind (vm contexts of ESM), and each copy of a library that uses AsyncLocalStorage slows every promise
  // down after it: the same suite took three times as long at the end of a long run. A new worker begins without them.
  workerIdleMemoryLimit: '400MB',
  testSequencer: '<rootDir>/test/longest-first.mjs',
  projects: [
    {
      ...base,
      displayName: 'unit',
      roots: sources,
      testMatch: ['**/*.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.int\\.spec\\.ts$', '\\.e2e\\.spec\\.ts$'],
    },
    {
      ...base,
      displayName: 'integration',
      roots: sources,
      testMatch: ['**/*.int.spec.ts'],
      globalSetup: '<rootDir>/test/postgres-setup.mjs',
      globalTeardown: '<rootDir>/test/postgres-teardown.mjs',
    },
    { ...base, displayName: 'browser', roots: ['<rootDir>/e2e'], testMatch: ['**/*.e2e.spec.ts'] },
  ],
};
