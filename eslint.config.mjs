import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import reactHooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

/** Which room may import which. The table is the one of docs/ARCHITECTURE.md; test/boundaries.spec.ts seeds a violation. */
const rooms = [
  { sourceTag: 'layer:domain', onlyDependOnLibsWithTags: [], allowedExternalImports: ['@jest/globals'] },
  {
    sourceTag: 'layer:protocol',
    onlyDependOnLibsWithTags: ['layer:domain'],
    allowedExternalImports: ['class-validator', 'class-transformer', '@jest/globals'],
  },
  {
    sourceTag: 'layer:event-store',
    onlyDependOnLibsWithTags: ['layer:test'],
    allowedExternalImports: [
      'pg',
      '@types/pg',
      '@kurrent/kurrentdb-client',
      '@kurrent/kurrentdb-client/**',
      '@grpc/grpc-js',
      'google-protobuf',
      'google-protobuf/**',
      '@jest/globals',
    ],
  },
  {
    sourceTag: 'layer:executor',
    onlyDependOnLibsWithTags: [
      'layer:blobs',
      'layer:documents',
      'layer:domain',
      'layer:event-store',
      'layer:settings',
      'layer:test',
    ],
  },
  {
    sourceTag: 'layer:documents',
    onlyDependOnLibsWithTags: ['layer:domain', 'layer:event-store', 'layer:test'],
    allowedExternalImports: ['diff', 'pg', '@types/pg', 'yjs', '@jest/globals'],
  },
  { sourceTag: 'layer:projections', onlyDependOnLibsWithTags: ['layer:domain', 'layer:event-store', 'layer:test'] },
  {
    sourceTag: 'layer:api',
    onlyDependOnLibsWithTags: [
      'layer:domain',
      'layer:protocol',
      'layer:blobs',
      'layer:documents',
      'layer:event-store',
      'layer:evidence',
      'layer:executor',
      'layer:exports',
      'layer:projections',
      'layer:settings',
      'layer:test',
    ],
  },
  {
    sourceTag: 'layer:blobs',
    onlyDependOnLibsWithTags: ['layer:test'],
    allowedExternalImports: ['pg', '@types/pg', '@jest/globals'],
  },
  {
    sourceTag: 'layer:archive',
    onlyDependOnLibsWithTags: ['layer:blobs', 'layer:event-store', 'layer:test'],
    allowedExternalImports: ['pg', '@jest/globals'],
  },
  {
    sourceTag: 'layer:evidence',
    onlyDependOnLibsWithTags: ['layer:archive', 'layer:blobs', 'layer:domain', 'layer:event-store', 'layer:test'],
    allowedExternalImports: ['pg', '@types/pg', '@jest/globals'],
  },
  {
    sourceTag: 'layer:exports',
    onlyDependOnLibsWithTags: [
      'layer:archive',
      'layer:blobs',
      'layer:documents',
      'layer:domain',
      'layer:event-store',
      'layer:test',
    ],
    allowedExternalImports: ['pg', '@types/pg', 'yjs', '@jest/globals'],
  },
  {
    sourceTag: 'layer:cli',
    onlyDependOnLibsWithTags: [
      'layer:api',
      'layer:archive',
      'layer:blobs',
      'layer:documents',
      'layer:exports',
      'layer:event-store',
      'layer:evidence',
      'layer:projections',
      'layer:protocol',
      'layer:settings',
      'layer:test',
    ],
  },
  { sourceTag: 'layer:test', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'layer:settings', onlyDependOnLibsWithTags: [], allowedExternalImports: ['@jest/globals'] },
  { sourceTag: 'layer:web', onlyDependOnLibsWithTags: ['layer:domain', 'layer:protocol'] },
];

export default ts.config(
  { ignores: ['**/dist/**', '**/out-tsc/**', '**/node_modules/**', '.nx/**', 'data/**', 'test-results/**'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [ts.configs.recommended],
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: ['apps/web/vite.config.ts', 'e2e/*.ts', 'test/*.ts', 'test/*/*.ts'],
          maximumDefaultProjectFileMatchCount_THIS_WILL_SLOW_DOWN_LINTING: 40,
        },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { '@nx': nx },
    rules: {
      // It does not see assignments in callbacks, which observers of a document are.
      'no-useless-assignment': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Files with decorators are skipped by the rule itself, so dependency injection keeps its metadata.
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@nx/enforce-module-boundaries': [
        'error',
        { enforceBuildableLibDependency: false, allow: [], depConstraints: rooms },
      ],
    },
  },
  {
    files: ['apps/web/**/*.{ts,tsx}'],
    extends: [reactHooks.configs.flat['recommended-latest'] ?? reactHooks.configs['recommended-latest']],
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'Buffer',
          'fetch',
          'performance',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'URL',
          'AbortController',
          'AbortSignal',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
);
