/** Builds the console into web/dist, which the server serves. Nothing is inlined, because the page's policy allows only files of our own. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const apiUrl = process.env.WAXWING_PUBLIC_URL ?? 'http://127.0.0.1:3000';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    sourcemap: false,
    chunkSizeWarningLimit: 900,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // Runs before every contract: once a schema is built, it is too late to tell zod not to use eval.
        codeSplitting: { groups: [{ name: 'zod', test: /node_modules\/zod\/|without-eval/ }] },
      },
    },
  },
  server: { host: '127.0.0.1', port: 5173, proxy: { '/v1': apiUrl } },
});
