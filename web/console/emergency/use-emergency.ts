/** What this session has open, may open and is to review. One question for the banner, the badge and the pages. */
import { readOwnEmergency } from '../../../src/contract/emergency.ts';
import { useCall } from '../queries.ts';

export const emergencyPath = '/trust/emergency';
/** Opens the dialog on arrival; whoever came from a page that refused them goes back to it afterwards. */
export const openingPath = `${emergencyPath}?open`;

export const useEmergency = () => useCall(readOwnEmergency, {});
