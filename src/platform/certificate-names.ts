/**
 * Whether a certificate is for a name: by the names that it lists alone. RFC 8461 §4.2 and RFC 9525 §2 leave its subject out,
 * which nobody checks today. It looks at nothing else of the certificate.
 */
import tls from 'node:tls';

export const checkListedNames: typeof tls.checkServerIdentity = (host, certificate) =>
  certificate.subjectaltname === undefined
    ? Object.assign(new Error('the certificate lists no names'), {
        ...{ code: 'ERR_TLS_CERT_ALTNAME_INVALID', reason: 'it lists no names', host, cert: certificate },
      })
    : tls.checkServerIdentity(host, certificate);
