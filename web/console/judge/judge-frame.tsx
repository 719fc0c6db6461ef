/** The judge's own places. */
import { historyPath, rulesPath } from '../elements/judge-paths.ts';
import { type Place, PlacesFrame } from '../elements/places-frame.tsx';

export const judgePlaces: readonly Place[] = [
  { to: rulesPath, label: 'Rules', needs: ['settings.read'] },
  { to: historyPath, label: 'History', needs: ['reports.read'], isOfAccount: true },
  { to: '/judge/networks', label: 'Networks', needs: ['networks.read'] },
  { to: '/judge/scanners', label: 'Scanners', needs: ['habits.read'] },
];

export const JudgeFrame = () => <PlacesFrame label="The judge" places={judgePlaces} />;
