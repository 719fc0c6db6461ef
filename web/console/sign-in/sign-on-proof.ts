/** Tells the tab in which somebody waits that they proved themselves in another one. Nothing but that is said. */
const name = 'waxwing.proved';

export function tellProved(): void {
  const channel = new BroadcastChannel(name);
  channel.postMessage('proved');
  channel.close();
}

/** Gives how to stop listening. */
export function whenProved(run: () => void): () => void {
  const channel = new BroadcastChannel(name);
  channel.addEventListener('message', run);
  return () => channel.close();
}
