import js from '@eslint/js'
import hooks from 'eslint-plugin-react-hooks'
import { readdirSync } from 'node:fs'
import ts from 'typescript-eslint'

const features = readdirSync(new URL('./src/features', import.meta.url))

// A feature may use what all share, and never another feature: pages meet in the router and in the side panel only.
const walls = features.map((feature) => ({
  files: [`src/features/${feature}/**`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `/features/(?!${feature}(/|$))|^\\.\\./(?:\\.\\./)?(?:${features.filter((other) => other !== feature).join('|')})/`,
            message: 'features do not import each other; open a panel or a link instead',
          },
        ],
      },
    ],
  },
}))

export default ts.config(
  { ignores: ['dist', 'src/api/schema.d.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  hooks.configs.flat['recommended-latest'],
  {
    rules: {
      'max-lines': ['error', 400],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // The table's and the virtualiser's hooks hand out what the compiler cannot memoise; we do not use the compiler.
      'react-hooks/incompatible-library': 'off',
    },
  },
  {
    files: ['scripts/**', 'e2e/**', 'public/**', '*.config.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'console',
          'process',
          'URL',
          'document',
          'window',
          'localStorage',
          'matchMedia',
          'fetch',
          'performance',
          'crypto',
          'setTimeout',
          'requestAnimationFrame',
          'PerformanceObserver',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  ...walls,
)
