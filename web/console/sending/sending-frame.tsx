/** How mail goes out: what waits or is planned, the letters kept for it, how well it arrives, whom none goes to, and what protects it on the way. */
import { type Place, PlacesFrame } from '../elements/places-frame.tsx';

export const sendingPlaces: readonly Place[] = [
  { to: '/sending/queue', label: 'Queue', needs: ['queue.read'], isOfAccount: true },
  { to: '/sending/planned', label: 'Planned', needs: ['messages.read'] },
  { to: '/sending/templates', label: 'Templates', needs: ['templates.read'], isOfAccount: true },
  { to: '/sending/deliverability', label: 'Deliverability', needs: ['reports.read'] },
  { to: '/sending/suppressions', label: 'Suppressions', needs: ['suppressions.manage'], isOfAccount: true },
  { to: '/sending/transport', label: 'Transport', needs: ['settings.read'] },
  { to: '/sending/routes', label: 'Routes', needs: ['routes.manage'] },
  { to: '/sending/preflight', label: 'Preflight', needs: ['messages.send'] },
];

export const SendingFrame = () => <PlacesFrame label="Sending" places={sendingPlaces} />;
