/** The judge's own places. */
import { historyPath, rulesPath } from '../elements/judge-paths.ts';
import { PlacesFrame } from '../elements/places-frame.tsx';

const places = [
  { to: rulesPath, label: 'Rules' },
  { to: historyPath, label: 'History' },
  { to: '/judge/networks', label: 'Networks' },
  { to: '/judge/scanners', label: 'Scanners' },
];

export const JudgeFrame = () => <PlacesFrame label="The judge" places={places} />;
