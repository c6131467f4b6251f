import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `vite` finds the server while developing; `npm start` serves the built pages itself. */
const SERVER = 'http://127.0.0.1:3000';

export default defineConfig({
  plugins: [react()],
  // The condition of tsconfig.base.json: workspace packages are read from their sources, no build comes first.
  resolve: { conditions: ['@palimpsest/source', 'module', 'browser', 'development|production'] },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    // Files of a known name and content: nothing is inlined, so that the page needs neither data: nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: {
      '/api': SERVER,
      '/collab': { target: SERVER, ws: true },
      // Only the socket: a page below /runs would be the browser's own.
      '/runs': { target: SERVER, ws: true },
    },
  },
});
