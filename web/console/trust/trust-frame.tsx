/** What an auditor or an administrator asks for: the log, and how data are kept safe. */
import { PlacesFrame } from '../elements/places-frame.tsx';

const places = [
  { to: '/trust/audit', label: 'Audit log' },
  { to: '/trust/emergency', label: 'Emergency access' },
  { to: '/trust/alerts', label: 'Alerts' },
  { to: '/trust/retention', label: 'Holds and retention' },
  { to: '/trust/safety', label: 'Keys and backups' },
];

export const TrustFrame = () => <PlacesFrame label="Trust" places={places} />;
