/** How mail goes out: what waits, how well it arrives, whom none goes to, and what protects it on the way. */
import { type Place, PlacesFrame } from '../elements/places-frame.tsx';

export const sendingPlaces: readonly Place[] = [
  { to: '/sending/queue', label: 'Queue', needs: ['queue.read'] },
  { to: '/sending/routes', label: 'Routes', needs: ['routes.manage'] },
];

export const SendingFrame = () => <PlacesFrame label="Sending" places={sendingPlaces} />;
