/** Starts the console in the page that the server gave. */
import '../shared/without-eval.ts';
import '@mantine/core/styles.css';
import '@fontsource-variable/inter/opsz.css';
import './global.css';
import './forced-colors.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { styleNonce } from './nonce.ts';

// The scroll lock of dialogs adds a style element of its own and asks for the nonce under this name.
Object.assign(globalThis, { __webpack_nonce__: styleNonce() });

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
