import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  honeypotLink,
  openToken,
  sealToken,
  type TokenContent,
  type TokenKeyring,
  type TokenReading,
} from './token.ts';

const keyring = (...ids: number[]): TokenKeyring => ({
  currentId: ids.at(-1) ?? 1,
  byId: new Map(ids.map((id) => [id, createSecretKey(Buffer.alloc(32, id))])),
});
const keys = keyring(1);

const plain = { noNullPrototype: true };
const uuid = fc.uuid();
const subject = fc.oneof(
  fc.record({ level: fc.constant('identified' as const), messageId: uuid, recipientId: uuid }, plain),
  fc.record({ level: fc.constant('anonymous' as const), campaignId: fc.maxSafeNat() }, plain),
);
const url = fc
  .string({ unit: 'grapheme', maxLength: 300 })
  .filter((text) => text.isWellFormed() && ![...text].some((c) => c < ' ' || c === '\x7f'))
  .map((text) => `https://example.org/${text}`);
const content: fc.Arbitrary<TokenContent> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), accountId: uuid, subject }, plain),
  fc.record(
    {
      kind: fc.constant('click' as const),
      accountId: uuid,
      subject,
      linkIndex: fc.nat({ max: 100_000 }),
      url,
    },
    plain,
  ),
);
const handle = Buffer.from('12345678');
const seal = (value: TokenContent, ring = keys): string => sealToken(ring, handle, randomBytes(12), value);

const accountId = '0190a000-0000-7000-8000-000000000001';
const messageId = '0190a000-0000-7000-8000-000000000002';
const recipientId = '0190a000-0000-7000-8000-000000000003';
const ids = { accountId, messageId, recipientId };
const openContent: TokenContent = {
  kind: 'open',
  accountId,
  subject: { level: 'identified', messageId, recipientId },
};
const clickContent: TokenContent = {
  ...openContent,
  kind: 'click',
  linkIndex: 7,
  url: 'https://clinic.example/a?b=ü&c=%20#d',
};

function assertDamaged(reading: TokenReading, why: string): void {
  assert.ok(reading.kind === 'damaged' || reading.kind === 'not-a-token', `${why}: ${reading.kind}`);
}

describe('a tracking token', () => {
  it('opens to exactly what was sealed, with its handle first', () => {
    fc.assert(
      fc.property(content, fc.uint8Array({ minLength: 8, maxLength: 8 }), (value, ownHandle) => {
        const token = sealToken(keys, ownHandle, randomBytes(12), value);
        assert.match(token, /^[A-Za-z0-9_-]+$/);
        assert.deepEqual(Buffer.from(token, 'base64url').subarray(0, 8), Buffer.from(ownHandle));
        assert.deepEqual(openToken(keys, token), { kind: 'valid', handle: Uint8Array.from(ownHandle), content: value });
      }),
    );
  });

  it('marks the link that nobody sees by an index no link can have, in the format of every other click', () => {
    const trap: TokenContent = { ...clickContent, linkIndex: honeypotLink };
    assert.deepEqual(openToken(keys, seal(trap)), { kind: 'valid', handle: Uint8Array.from(handle), content: trap });
    assert.equal(seal(trap).length, seal(clickContent).length);
    assert.throws(() => seal({ ...clickContent, linkIndex: honeypotLink + 1 }), /does not fit/);
  });

  it('takes 115 characters for an open', () => {
    assert.equal(seal(openContent).length, 115);
  });

  it('shows no id and no destination', () => {
    const bytes = Buffer.from(seal(clickContent), 'base64url').toString('latin1');
    assert.ok(!bytes.includes('clinic.example'));
    assert.ok(!bytes.includes(Buffer.from(clickContent.accountId.replaceAll('-', ''), 'hex').toString('latin1')));
  });

  it('is recognised as damaged after any single flipped bit', () => {
    for (const value of [openContent, clickContent]) {
      const sealed = Buffer.from(seal(value), 'base64url');
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const altered = Buffer.from(sealed);
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assert.equal(openToken(keys, altered.toString('base64url')).kind, 'damaged', `bit ${bit}`);
      }
    }
  });

  it('still claims its recipient when its handle, its end or its tag is damaged', () => {
    const sealed = Buffer.from(seal(clickContent), 'base64url');
    for (const at of [0, 7, sealed.length - 17, sealed.length - 1]) {
      const altered = Buffer.from(sealed);
      altered[at] = (altered[at] ?? 0) ^ 1;
      const reading = openToken(keys, altered.toString('base64url'));
      assert.deepEqual(reading.kind === 'damaged' && reading.claim, ids, `byte ${at}`);
    }
  });

  it('is recognised as damaged with any character replaced, and keeps its handle behind the eleventh', () => {
    const token = seal(clickContent);
    fc.assert(
      fc.property(fc.nat({ max: token.length - 1 }), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        fc.pre(character !== token[at]);
        const reading = openToken(keys, token.slice(0, at) + character + token.slice(at + 1));
        // The eleventh holds the end of the handle and the beginning of the key's number: with both wrong it may be of any key.
        if (at !== 10 || reading.kind !== 'unknown-key') assertDamaged(reading, `character ${at}`);
        if (at > 10) assert.deepEqual('handle' in reading && Buffer.from(reading.handle), handle);
      }),
    );
  });

  it('is recognised after every truncation, and says whose it was while its handle stands', () => {
    const token = seal(clickContent);
    for (let length = 0; length < token.length; length++) {
      const reading = openToken(keys, token.slice(0, length));
      assert.equal(reading.kind, length < 11 ? 'not-a-token' : 'damaged', `length ${length}`);
      if (reading.kind === 'damaged') assert.deepEqual(Buffer.from(reading.handle), handle);
    }
  });

  it('is recognised as damaged after any extension, padding or second spelling', () => {
    const token = seal(openContent);
    for (const tail of ['A', 'AA', 'AAAA', '=', '==', ' ', '\n', '.', '%3D', '/', token])
      assertDamaged(openToken(keys, token + tail), JSON.stringify(tail));
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(token.at(-1) ?? '');
    for (const stray of [1, 2, 3]) {
      const respelt = token.slice(0, -1) + alphabet[last ^ stray];
      assert.equal(Buffer.from(respelt, 'base64url').length, 86);
      assert.equal(openToken(keys, respelt).kind, 'damaged');
    }
    const standard = Buffer.from(token, 'base64url').toString('base64');
    if (/[+/]/.test(standard)) assertDamaged(openToken(keys, standard), 'the other alphabet');
  });

  it('is misplaced on the other route, by an authenticated kind', () => {
    assert.equal(openToken(keys, seal(clickContent), { kind: 'open' }).kind, 'misplaced');
    assert.equal(openToken(keys, seal(openContent), { kind: 'click' }).kind, 'misplaced');
    assert.equal(openToken(keys, seal(clickContent), { kind: 'click' }).kind, 'valid');
  });

  it('is foreign where another account is expected', () => {
    fc.assert(
      fc.property(content, uuid, (value, other) => {
        fc.pre(other !== value.accountId);
        assert.equal(openToken(keys, seal(value), { accountId: other }).kind, 'foreign');
        assert.equal(openToken(keys, seal(value), { accountId: value.accountId }).kind, 'valid');
      }),
    );
  });

  it('goes on working after rotation, and is sealed under the newest key', () => {
    const old = seal(openContent);
    const rotated = keyring(1, 2);
    assert.equal(openToken(rotated, old).kind, 'valid');
    const fresh = seal(openContent, rotated);
    assert.equal(openToken(rotated, fresh).kind, 'valid');
    assert.deepEqual(openToken(keys, fresh), { kind: 'unknown-key', handle: Uint8Array.from(handle), keyId: 2 });
  });

  it('does not open under another installation’s key', () => {
    const elsewhere: TokenKeyring = { currentId: 1, byId: new Map([[1, createSecretKey(Buffer.alloc(32, 9))]]) };
    assert.equal(openToken(elsewhere, seal(openContent)).kind, 'damaged');
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.base64String()), (text) => {
        assertDamagedOrUnknown(openToken(keys, text));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses to seal a destination that could break a header', () => {
    for (const bad of ['https://a.example/\r\nSet-Cookie: x', 'https://a.example/\t', 'https://a.example/\0'])
      assert.throws(() => seal({ ...clickContent, url: bad } as TokenContent));
  });
});

function assertDamagedOrUnknown(reading: TokenReading): void {
  assert.ok(['damaged', 'not-a-token', 'unknown-key'].includes(reading.kind), reading.kind);
}
