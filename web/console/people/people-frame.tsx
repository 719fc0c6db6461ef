/** Who has access, and by which doors. */
import { type Place, PlacesFrame } from '../elements/places-frame.tsx';

export const peoplePlaces: readonly Place[] = [
  { to: '/people', label: 'Users', isRoot: true, needs: ['people.read'] },
  { to: '/people/sign-on', label: 'Single sign-on', needs: ['people.read'] },
  { to: '/people/provisioning', label: 'Provisioning', needs: ['people.read'] },
];

export const PeopleFrame = () => <PlacesFrame label="People" places={peoplePlaces} />;
