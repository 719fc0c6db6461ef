/** What an auditor or an administrator asks for: the log, and how data are kept safe. */
import { type Place, PlacesFrame } from '../elements/places-frame.tsx';

export const trustPlaces: readonly Place[] = [
  { to: '/trust/audit', label: 'Audit log', needs: ['audit.read'] },
  { to: '/trust/emergency', label: 'Emergency access', needs: ['emergency.open', 'emergency.review'] },
  { to: '/trust/alerts', label: 'Alerts', needs: ['people.read'] },
  { to: '/trust/retention', label: 'Holds and retention', needs: ['holds.read', 'retention.change'] },
  { to: '/trust/safety', label: 'Keys and backups', needs: ['safety.read'] },
];

export const TrustFrame = () => <PlacesFrame label="Trust" places={trustPlaces} />;
