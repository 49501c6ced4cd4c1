// Everything the pages need is built in; asset names carry their content's hash, so browsers may keep them for ever.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})
