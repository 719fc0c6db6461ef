/** The loop of the audit area: chains entries within about a second of the act. Any number of processes may run it. */
import { Counter, Gauge } from 'prom-client';
import { repeat } from '../platform/repeat.ts';
import { installationSigner } from '../platform/signing.ts';
import type { Running, World } from '../platform/world.ts';
import { countWaitingSince } from './chain-store.ts';
import { type SealingNeeds, sealWaiting } from './seal-chain.ts';

const pauseMs = 500;
/** An entry has its place within a second; one that waits so long is in trouble. */
const lateMs = 60_000;
const turnsBetweenCounts = 20;

export function startAuditSealer(world: World): Running {
  const needs: SealingNeeds = { ...world, signer: installationSigner(world.vault), sealedEnds: new Map() };
  const sealedCount = new Counter({
    name: 'waxwing_audit_entries_sealed_total',
    help: 'Audit entries that got their place in a chain.',
    registers: [world.metrics],
  });
  const brokenGauge = new Gauge({
    name: 'waxwing_audit_chains_broken',
    help: 'Audit chains that do not fit their signed checkpoint: the database was tampered with.',
    registers: [world.metrics],
  });
  const lateGauge = new Gauge({
    name: 'waxwing_audit_entries_late',
    help: 'Audit entries that have waited for their place in a chain for more than a minute.',
    registers: [world.metrics],
  });
  let turns = 0;
  const countLate = async (): Promise<void> => {
    turns += 1;
    if (turns % turnsBetweenCounts !== 1) return;
    const before = new Date(world.clock.now().getTime() - lateMs);
    lateGauge.set(await world.db.asWorker((tx) => countWaitingSince(tx, before)));
  };
  /** Said once; the gauge goes on saying it. */
  let told: ReadonlySet<string> = new Set();
  const turn = async (): Promise<void> => {
    await countLate();
    const { sealed, broken } = await sealWaiting(needs);
    sealedCount.inc(sealed);
    brokenGauge.set(broken.length);
    for (const accountId of broken.filter((one) => !told.has(one)))
      world.log.fatal({ accountId }, 'the audit chain of an account was tampered with and is not continued');
    told = new Set(broken);
  };
  return repeat(world, { name: 'the audit sealer', everyMs: pauseMs, turn });
}
