/** Everything about the octets of a message: reading, planning, rendering, addresses. Pure; the one list of what others use. */
export {
  comparableAddress,
  domainOf,
  type Mailbox,
  normaliseAddress,
  parseAddressList,
} from './addresses.ts';
export { fieldsNamed, fieldValue } from './header-fields.ts';
export { decodeHeaderText } from './header-text.ts';
export { instrument } from './instrument.ts';
export type { Plan } from './plan.ts';
export { type PreparedHeaders, prepareHeaders } from './prepare-headers.ts';
export { type ReadMessage, readMessage } from './read-message.ts';
export { render } from './render.ts';
