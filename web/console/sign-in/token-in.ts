/** The token of a pasted link, or of a pasted token alone. */
export function tokenIn(text: string): string | null {
  const token = text.trim().replace(/^.*#(token|invitation)=/, '');
  return /^[\w.~-]{8,200}$/.test(token) ? token : null;
}
