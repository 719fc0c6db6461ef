/** The door of sending: submission by REST and by SMTP, one pipeline behind both. */

export { acceptMessage, type Desk, openDesk, type SendingOptions } from './accept-message.ts';
export { keptCertificate, type TlsIdentity } from './certificate.ts';
export { eraseAgain, eraseUnlessKept } from './erase-message.ts';
export {
  changeProviderMessages,
  insertProviderMessages,
  loadProviderLinks,
  type ProviderMessage,
} from './provider-store.ts';
export { sendingRoutes } from './routes.ts';
export { SubmissionServer } from './smtp-connection.ts';
export { closeServer, type Door, listen, openDoor } from './smtp-door.ts';
export { defaultSubmissionLimits } from './smtp-limits.ts';
export { refusalOf, SmtpRefusal } from './smtp-replies.ts';
export { type Submission, type SubmissionOptions, startSubmission } from './smtp-submission.ts';
export { submitByRest } from './submit-by-rest.ts';
