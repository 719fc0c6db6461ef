/** The audit log from the act to the verifier: chained within the transaction's wake, exported, and proof against the database's own hands. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { auditDirectory } from '../accounts/index.ts';
import type { Finding } from '../core/audit/verify.ts';
import type { Actor, Caller } from '../platform/route.ts';
import { installationSigner, publicKeyPem, readPublicKey } from '../platform/signing.ts';
import { exportChain, storedChain } from './export-chain.ts';
import { record } from './record.ts';
import { type SealingNeeds, sealAccount, sealWaiting } from './seal-chain.ts';
import { sealAddress } from './sealed-address.ts';
import { verifyExport, verifyStored } from './verify-file.ts';

const run = promisify(execFile);
const actor: Actor = { kind: 'system', id: 'test' };
const folder = mkdtempSync(join(tmpdir(), 'waxwing-audit-'));
let world: TestWorld;
let owner: pg.Client;
let needs: SealingNeeds;
let caller: Caller;

before(async () => {
  world = await testWorld();
  owner = new pg.Client({ connectionString: world.database.connectionUrl });
  await owner.connect();
  needs = { ...world, signer: installationSigner(world.vault) };
});
after(async () => {
  await owner?.end();
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  const { accountId } = await createTestAccount(world);
  caller = { accountId, actor };
});
afterEach(() => sealWaiting(needs));

const write = (count: number): Promise<void> =>
  world.db.asAccount(caller.accountId, async (tx) => {
    for (let n = 0; n < count; n++) {
      world.clock.advance(1_000);
      const what = n % 2 === 0 ? 'message' : 'events';
      const object = { kind: 'message', id: crypto.randomUUID() } as const;
      await record(tx, { at: world.clock.now(), actor, action: 'message.read', object, detail: { what } });
    }
  });

const exported = async (query = {}): Promise<string> =>
  text(await exportChain({ ...world, ...auditDirectory(world) }, caller, query));
const verified = (lines: string, key = needs.signer.publicKey): Promise<Finding> =>
  verifyExport(Readable.from([Buffer.from(lines)]), key);
const soundness = (finding: Finding) => [finding.kind, finding.kind === 'sound' ? finding.addressesHidden : -1];
const entriesOf = (finding: Finding): number => (finding.kind === 'sound' ? finding.entries : -1);

describe('the audit chain', () => {
  it('holds every entry once, in one order, however many sealers run', async () => {
    await write(25);
    await Promise.all([sealWaiting(needs), sealWaiting(needs), sealWaiting(needs)]);
    await write(5);
    const lines = await exported();
    // The account's own creation and its key, thirty acts, and the export itself.
    assert.equal(entriesOf(await verified(lines)), 33);
    const { rows } = await owner.query('SELECT count(*)::int AS n FROM audit_waiting WHERE account_id = $1', [
      caller.accountId,
    ]);
    assert.equal(rows[0].n, 0);
  });

  it('takes nothing out of its queue but by a place in it: no role of the program can', async () => {
    await sealWaiting(needs);
    await write(1);
    for (const role of ['waxwing_app', 'waxwing_reader', 'waxwing_worker'])
      for (const text of [
        'DELETE FROM audit_waiting',
        'UPDATE audit_waiting SET account_id = account_id',
        'TRUNCATE audit_waiting',
      ]) {
        await owner.query(`BEGIN; SET LOCAL ROLE ${role}; SET LOCAL waxwing.account = '${caller.accountId}'`);
        await assert.rejects(owner.query(text), { code: '42501' }, `${role}: ${text}`);
        await owner.query('ROLLBACK');
      }
    const waiting = 'SELECT count(*)::int AS n FROM audit_waiting WHERE account_id = $1';
    assert.equal((await owner.query(waiting, [caller.accountId])).rows[0].n, 1);
    assert.equal(await sealAccount(needs, caller.accountId), 1);
    assert.equal((await owner.query(waiting, [caller.accountId])).rows[0].n, 0);
  });

  it('gives an entry whose transaction fails no place', async () => {
    await assert.rejects(
      world.db.asAccount(caller.accountId, async (tx) => {
        const object = { kind: 'messages' } as const;
        await record(tx, { at: world.clock.now(), actor, action: 'messages.listed', object, detail: { messages: 1 } });
        throw new Error('the act failed');
      }),
    );
    assert.doesNotMatch(await exported(), /messages\.listed/);
  });

  it('is exported for a range, between the checkpoints around it', async () => {
    await write(3);
    await sealWaiting(needs);
    world.clock.advance(3_600_000);
    const since = world.clock.now().toISOString();
    await write(4);
    await sealWaiting(needs);
    world.clock.advance(3_600_000);
    const until = world.clock.now().toISOString();
    await write(2);
    const finding = await verified(await exported({ since, until }));
    assert.deepEqual(finding.kind === 'sound' && [finding.firstSeq, finding.lastSeq], [6, 9]);
    const nothing = await verified(await exported({ since: '2019-01-01', until: '2019-12-31' }));
    assert.equal(entriesOf(nothing), 0);
    await assert.rejects(exported({ since: until, until: since }), /report\.range_invalid/);
  });

  it('cannot be changed or deleted by any role of the program', async () => {
    await write(1);
    await sealWaiting(needs);
    for (const table of ['audit_entries', 'audit_chain', 'audit_checkpoints'])
      for (const role of ['waxwing_app', 'waxwing_worker', 'waxwing_reader'])
        for (const act of ['UPDATE', 'DELETE', 'TRUNCATE']) {
          const { rows } = await owner.query('SELECT has_table_privilege($1, $2, $3) AS may', [role, table, act]);
          assert.equal(rows[0].may, false, `${role} ${act} ${table}`);
        }
  });

  it('shows an entry that the owner of the database changed, deleted or slipped in', async () => {
    await write(12);
    const before = await exported();
    assert.equal(entriesOf(await verified(before)), 15);
    const at = `(SELECT entry_id FROM audit_chain WHERE account_id = '${caller.accountId}' AND seq = 7)`;
    await owner.query(`UPDATE audit_entries SET outcome = 'refused' WHERE id = ${at}`);
    const altered = await verified(await exported());
    assert.deepEqual(altered.kind === 'broken' && [altered.fault, altered.seq], ['altered', 7]);
    await owner.query(`UPDATE audit_entries SET outcome = 'done' WHERE id = ${at}`);
    await owner.query(`DELETE FROM audit_chain WHERE account_id = $1 AND seq = 9`, [caller.accountId]);
    const missing = await verified(await exported());
    assert.deepEqual(missing.kind === 'broken' && [missing.fault, missing.seq], ['missing', 9]);
  });

  it('is not continued behind an end that was rewritten or cut off, and says so', async () => {
    await write(4);
    await sealWaiting(needs);
    await owner.query(
      `DELETE FROM audit_chain WHERE account_id = $1 AND seq = (SELECT max(seq) FROM audit_chain WHERE account_id = $1)`,
      [caller.accountId],
    );
    await write(1);
    const { broken } = await sealWaiting(needs);
    assert.deepEqual(broken, [caller.accountId]);
    const finding = await verified(await exported());
    assert.deepEqual(finding.kind === 'broken' && finding.fault, 'missing');
    await owner.query('DELETE FROM audit_waiting');
  });

  it('is not continued where everything was rolled back to an earlier signed end, as long as a sealer remembers', async () => {
    const remembering = { ...needs, sealedEnds: new Map() };
    await write(3);
    await sealWaiting(remembering);
    const earlier = await exported();
    await write(2);
    await sealWaiting(remembering);
    const [account] = [caller.accountId];
    const { rows } = await owner.query<{ seq: string }>(
      'DELETE FROM audit_checkpoints WHERE account_id = $1 AND seq > (SELECT min(seq) FROM audit_checkpoints WHERE account_id = $1 AND seq > 3) RETURNING seq',
      [account],
    );
    assert.ok(rows.length > 0);
    await owner.query(
      'DELETE FROM audit_chain WHERE account_id = $1 AND seq > (SELECT max(seq) FROM audit_checkpoints WHERE account_id = $1)',
      [account],
    );
    assert.equal((await verified(earlier)).kind, 'sound');
    await write(1);
    assert.deepEqual((await sealWaiting(remembering)).broken, [account]);
    await owner.query('DELETE FROM audit_chain WHERE account_id = $1', [account]);
    await owner.query('DELETE FROM audit_checkpoints WHERE account_id = $1', [account]);
    assert.deepEqual((await sealWaiting(remembering)).broken, [account], 'nor begun anew');
    await owner.query('DELETE FROM audit_waiting');
  });

  it('goes on for others when one account’s entries cannot be sealed', async () => {
    await write(2);
    await sealWaiting(needs);
    // An entry that has its place already waits again, as after a restored backup.
    await owner.query(
      'INSERT INTO audit_waiting (account_id, entry_id) SELECT account_id, entry_id FROM audit_chain WHERE account_id = $1 LIMIT 1',
      [caller.accountId],
    );
    const stuck = caller.accountId;
    caller = { accountId: (await createTestAccount(world)).accountId, actor };
    await write(3);
    await assert.rejects(sealWaiting(needs), /duplicate key/);
    assert.equal(entriesOf(await verified(await exported())), 6);
    await owner.query('DELETE FROM audit_waiting WHERE account_id = $1', [stuck]);
  });

  it('shows from where somebody acted, and stays sound when nobody can read that any more', async () => {
    const vault = await auditDirectory(world).vaultOf(caller.accountId);
    const from: Actor = {
      kind: 'user',
      id: 'u',
      emergencyId: crypto.randomUUID(),
      address: sealAddress(vault, '::ffff:203.0.113.9'),
    };
    for (let times = 0; times < 2; times++)
      await world.db.asAccount(caller.accountId, (tx) =>
        record(tx, {
          at: world.clock.now(),
          actor: from,
          action: 'users.listed',
          object: { kind: 'users' },
          detail: { users: 1 },
        }),
      );
    const lines = await exported();
    assert.match(lines, /"value":"203\.0\.113\.9"/);
    assert.match(lines, /"reason":\{"id":"[0-9a-f-]{36}","kind":"emergency"\}/);
    assert.deepEqual(soundness(await verified(lines)), ['sound', 0]);
    await owner.query(
      `UPDATE audit_entries SET address_sealed = 'gone' WHERE account_id = $1 AND action = 'users.listed'`,
      [caller.accountId],
    );
    const later = await exported();
    assert.doesNotMatch(later, /203\.0\.113/);
    assert.deepEqual(soundness(await verified(later)), ['sound', 2]);
    const stored = await text((await storedChain(world, caller.accountId)) ?? assert.fail());
    assert.equal((await verified(stored)).kind, 'broken', 'addresses are not left out of an export unsigned');
    assert.equal((await verifyStored(Readable.from([Buffer.from(stored)]), needs.signer.publicKey)).kind, 'sound');
  });

  it('is not read to the end of a line without end', async () => {
    const first = (await exported()).split('\n')[0] ?? '';
    let read = 0;
    const endless = async function* () {
      yield Buffer.from(`${first}\n`);
      for (; read < 1_000; read++) yield Buffer.alloc(64 * 1024, 'x');
    };
    const finding = await verifyExport(endless(), needs.signer.publicKey);
    assert.match(finding.kind === 'broken' ? finding.text : '', /Line 2 is longer than any line of an export/);
    assert.ok(read < 20, `${read} pieces were read`);
  });

  it('is believed with the installation’s key only', async () => {
    const lines = await exported();
    const other = installationSigner({ derive: () => createSecretKey(Buffer.alloc(32, 7)) });
    assert.equal((await verified(lines, other.publicKey)).kind, 'broken');
    for (const spelling of spellings()) assert.equal((await verified(lines, keyFrom(spelling))).kind, 'sound');
    assert.equal(readPublicKey('not a key'), undefined);
  });
});

describe('waxwing audit verify', () => {
  it('checks a file without server or database, with the key it is told to trust', async () => {
    await write(6);
    const lines = await exported();
    const file = join(folder, 'audit.jsonl');
    writeFileSync(file, lines);
    const key = join(folder, 'audit.pem');
    writeFileSync(key, publicKeyPem(needs.signer.publicKey));
    const sound = await waxwing('audit', 'verify', file, '--key', key);
    assert.match(sound.stdout, /^Sound: 9 entries/);
    writeFileSync(file, lines.replace('"what":"events"', '"what":"evenTs"'));
    const broken = await waxwing('audit', 'verify', file, '--key', key).catch((error) => error);
    assert.equal(broken.code, 1);
    assert.match(broken.stdout, /altered, line 5: Entry 4 was altered/);
    const keyless = await waxwing('audit', 'verify', file).catch((error) => error);
    assert.equal(keyless.code, 1);
    assert.match(keyless.stderr, /--key PUBLIC/);
  });
});

function spellings(): string[] {
  const der = needs.signer.publicKey.export({ format: 'der', type: 'spki' });
  const raw = der.subarray(-32);
  return [publicKeyPem(needs.signer.publicKey), der.toString('base64'), raw.toString('hex'), raw.toString('base64')];
}

function keyFrom(spelling: string) {
  const key = readPublicKey(spelling);
  assert.ok(key);
  return key;
}

const waxwing = (...args: string[]) =>
  run(process.execPath, [join(import.meta.dirname, '..', 'cli.ts'), ...args], {
    env: { PATH: process.env.PATH, WAXWING_KEY_FILE: join(folder, 'none.key') },
  });
