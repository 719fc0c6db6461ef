/** How a user signs in, accepts an invitation, proves again who they are, and looks after their own ways to sign in. */
import { z } from 'zod';
import { openedSession } from './access.ts';
import { endpoint } from './endpoint.ts';
import { consoleSession, user } from './people.ts';
import { givenName, id, instant, noParams, noQuery, nothing } from './values.ts';

/** Made and read by the browser; the WebAuthn library checks it. https://www.w3.org/TR/webauthn-3/#sctn-parseCreationOptionsFromJSON */
const passkeyOptions = z.looseObject({ challenge: z.string() });
const bytesText = (most: number) => z.string().min(1).max(most);

const passkeyAnswer = z.object({
  id: bytesText(2_000),
  rawId: bytesText(2_000),
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['cross-platform', 'platform']).optional(),
  clientExtensionResults: z.unknown(),
  response: z.object({
    clientDataJSON: bytesText(4_000),
    authenticatorData: bytesText(4_000),
    signature: bytesText(4_000),
    userHandle: z.string().max(200).optional(),
  }),
});

const newPasskeyAnswer = passkeyAnswer.extend({
  response: z.object({
    clientDataJSON: bytesText(4_000),
    attestationObject: bytesText(20_000),
    transports: z.array(z.string().max(20)).max(10).optional(),
  }),
});

/** Bounded here so that nobody makes us hash megabytes; what may be chosen is decided elsewhere. */
const password = z.string().min(1).max(1_000);
const code = z.string().trim().min(6).max(40).meta({ description: 'The six digits of the authenticator app.' });
const newPassword = z.object({
  password,
  setup: z.string().max(1_000).meta({ description: 'As it came with the secret.' }),
  code,
});
const totpSetup = z.object({
  secret: z.string().meta({ description: 'Base32, for authenticator apps.' }),
  uri: z.string().meta({ description: 'The same as an otpauth: address.' }),
  setup: z.string(),
});
const recoveryCodes = z.array(z.string()).meta({ description: 'Ten, each good for one sign-in. Shown this once.' });

const open = { area: 'access', params: noParams, query: noQuery, open: true } as const;

export const passkeySignInOptions = endpoint({
  ...open,
  name: 'passkeySignInOptions',
  method: 'POST',
  path: '/v1/sign-in/passkey/options',
  summary: 'A challenge for the browser’s passkeys.',
  body: z.object({}),
  status: 200,
  result: passkeyOptions,
  problems: [],
});

export const signInByPasskey = endpoint({
  ...open,
  name: 'signInByPasskey',
  method: 'POST',
  path: '/v1/sign-in/passkey',
  summary: 'Sign in with a passkey.',
  body: z.object({ answer: passkeyAnswer }),
  status: 200,
  result: openedSession,
  problems: ['auth.passkey_invalid', 'sso.required'],
});

export const signInByPassword = endpoint({
  ...open,
  name: 'signInByPassword',
  method: 'POST',
  path: '/v1/sign-in/password',
  summary: 'Sign in with a password and a one-time code, or one of the recovery codes in its place.',
  body: z.object({ email: z.string().max(254), password, code }),
  status: 200,
  result: openedSession,
  problems: ['auth.credentials_invalid', 'sso.required'],
});

export const openInvitation = endpoint({
  ...open,
  name: 'openInvitation',
  method: 'POST',
  path: '/v1/invitations/open',
  summary: 'What an invitation is for, and what its holder needs to accept it. It stays usable.',
  body: z.object({ token: z.string().min(1).max(200) }),
  status: 200,
  result: z.object({
    account: z.object({ name: z.string() }),
    user: z.object({ email: z.string(), name: z.string() }),
    expiresAt: instant,
    passkey: passkeyOptions,
    totp: totpSetup,
  }),
  problems: ['auth.invitation_invalid'],
});

export const acceptInvitation = endpoint({
  ...open,
  name: 'acceptInvitation',
  method: 'POST',
  path: '/v1/invitations/accept',
  summary: 'Accept an invitation with a passkey, or with a password and an authenticator app, and be signed in.',
  body: z.object({
    token: z.string().min(1).max(200),
    passkey: newPasskeyAnswer.optional(),
    password: newPassword.optional(),
  }),
  status: 200,
  result: openedSession.extend({ recoveryCodes }),
  problems: [
    'auth.invitation_invalid',
    'auth.passkey_invalid',
    'password.refused',
    'factor.code_invalid',
    'sso.required',
  ],
});

const own = { area: 'access', params: noParams, query: noQuery } as const;

export const stepUpOptions = endpoint({
  ...own,
  name: 'stepUpOptions',
  method: 'POST',
  path: '/v1/session/step-up/options',
  summary: 'How the holder of this session can prove again who they are.',
  body: z.object({}),
  status: 200,
  result: z.object({
    passkey: passkeyOptions.nullable(),
    password: z.boolean(),
    link: z.boolean(),
    signOn: z.boolean().meta({ description: 'At the identity provider that opened the session.' }),
  }),
  problems: [],
});

export const stepUp = endpoint({
  ...own,
  name: 'stepUp',
  method: 'POST',
  path: '/v1/session/step-up',
  summary: 'Prove again who you are; what asks for it is open for five minutes.',
  body: z.object({
    passkey: passkeyAnswer.optional(),
    password: z.object({ password, code }).optional(),
    linkToken: z.string().min(1).max(200).optional(),
  }),
  status: 200,
  result: openedSession,
  problems: ['auth.passkey_invalid', 'auth.credentials_invalid', 'auth.link_invalid'],
});

export const readOwnSecurity = endpoint({
  ...own,
  name: 'readOwnSecurity',
  method: 'GET',
  path: '/v1/me',
  summary: 'The user of this session and their ways to sign in.',
  body: nothing,
  status: 200,
  result: z.object({
    user,
    passkeys: z.array(z.object({ id, name: z.string(), createdAt: instant, lastUsedAt: instant.nullable() })),
    recoveryCodesLeft: z.int(),
  }),
  problems: ['auth.no_user'],
});

export const newPasskeyOptions = endpoint({
  ...own,
  name: 'newPasskeyOptions',
  method: 'POST',
  path: '/v1/me/passkeys/options',
  summary: 'What the browser needs to make another passkey.',
  stepUp: true,
  body: z.object({}),
  status: 200,
  result: passkeyOptions,
  problems: ['auth.no_user'],
});

export const addPasskey = endpoint({
  ...own,
  name: 'addPasskey',
  method: 'POST',
  path: '/v1/me/passkeys',
  summary: 'Add a passkey.',
  stepUp: true,
  body: z.object({ name: givenName(100), answer: newPasskeyAnswer }),
  status: 201,
  result: z.object({ id }),
  problems: ['auth.no_user', 'auth.passkey_invalid'],
});

export const removePasskey = endpoint({
  ...own,
  name: 'removePasskey',
  method: 'DELETE',
  path: '/v1/me/passkeys/{passkeyId}',
  summary: 'Remove a passkey, unless it is the only way to sign in.',
  stepUp: true,
  params: z.object({ passkeyId: id }),
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['passkey.not_found', 'factor.last_one', 'auth.no_user'],
});

export const newTotpSecret = endpoint({
  ...own,
  name: 'newTotpSecret',
  method: 'POST',
  path: '/v1/me/totp',
  summary: 'A fresh secret for an authenticator app. It counts once a code of it was given with the password.',
  stepUp: true,
  body: z.object({}),
  status: 200,
  result: totpSetup,
  problems: ['auth.no_user'],
});

export const changeOwnPassword = endpoint({
  ...own,
  name: 'changeOwnPassword',
  method: 'PUT',
  path: '/v1/me/password',
  summary: 'Set a password together with an authenticator app. All other sessions of the user end.',
  stepUp: true,
  body: newPassword,
  status: 200,
  result: z.object({ recoveryCodes }),
  problems: ['auth.no_user', 'password.refused', 'factor.code_invalid'],
});

export const removeOwnPassword = endpoint({
  ...own,
  name: 'removeOwnPassword',
  method: 'DELETE',
  path: '/v1/me/password',
  summary: 'Sign in with passkeys only from now on: password, authenticator app and recovery codes go.',
  stepUp: true,
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['auth.no_user', 'factor.last_one'],
});

export const renewRecoveryCodes = endpoint({
  ...own,
  name: 'renewRecoveryCodes',
  method: 'POST',
  path: '/v1/me/recovery-codes',
  summary: 'Ten new recovery codes; the earlier ones end.',
  stepUp: true,
  body: z.object({}),
  status: 201,
  result: z.object({ recoveryCodes }),
  problems: ['auth.no_user', 'factor.no_password'],
});

export const listOwnSessions = endpoint({
  ...own,
  name: 'listOwnSessions',
  method: 'GET',
  path: '/v1/me/sessions',
  summary: 'The open sessions of whoever asks.',
  body: nothing,
  status: 200,
  result: z.object({ sessions: z.array(consoleSession) }),
  problems: [],
});

export const endOwnSession = endpoint({
  ...own,
  name: 'endOwnSession',
  method: 'DELETE',
  path: '/v1/me/sessions/{sessionId}',
  summary: 'End one of one’s own sessions.',
  params: z.object({ sessionId: id }),
  body: nothing,
  status: 204,
  result: nothing,
  problems: ['session.not_found'],
});

export const endOtherSessions = endpoint({
  ...own,
  name: 'endOtherSessions',
  method: 'DELETE',
  path: '/v1/me/sessions',
  summary: 'End all of one’s own sessions but this one.',
  body: nothing,
  status: 204,
  result: nothing,
  problems: [],
});

export const signInEndpoints = [
  passkeySignInOptions,
  signInByPasskey,
  signInByPassword,
  openInvitation,
  acceptInvitation,
  stepUpOptions,
  stepUp,
  readOwnSecurity,
  newPasskeyOptions,
  addPasskey,
  removePasskey,
  newTotpSecret,
  changeOwnPassword,
  removeOwnPassword,
  renewRecoveryCodes,
  listOwnSessions,
  endOwnSession,
  endOtherSessions,
];
