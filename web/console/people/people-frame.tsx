/** Who has access, and by which doors. */
import { PlacesFrame } from '../elements/places-frame.tsx';

const places = [
  { to: '/people', label: 'Users', isRoot: true },
  { to: '/people/sign-on', label: 'Single sign-on' },
  { to: '/people/provisioning', label: 'Provisioning' },
];

export const PeopleFrame = () => <PlacesFrame label="People" places={places} />;
