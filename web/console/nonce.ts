/** The nonce under which the page's policy lets styles in; the server writes a new one into every page. */
export const styleNonce = (): string =>
  document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
