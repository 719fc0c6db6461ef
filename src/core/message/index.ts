/** Everything about the octets of a message: reading, planning, rendering, addresses. Pure; the one list of what others use. */
export {
  type AddressList,
  type AddressRefusal,
  comparableAddress,
  domainOf,
  type Mailbox,
  normaliseAddress,
  parseAddressList,
} from './addresses.ts';
export { decodeHeaderText } from './header-text.ts';
export { type InstrumentOptions, instrument, linksMaxDefault } from './instrument.ts';
export {
  defaultMessageLimits,
  type MessageLimits,
  type MessageRefusal,
  type MessageRefusalCode,
} from './limits.ts';
export type { Plan, UntouchedReason } from './plan.ts';
export { type HeaderEdits, type PreparedHeaders, prepareHeaders } from './prepare-headers.ts';
export { type Part, type ReadMessage, readMessage } from './read-message.ts';
export { type RenderValues, render } from './render.ts';
