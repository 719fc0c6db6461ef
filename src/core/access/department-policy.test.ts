import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chainAbove, decidePolicies, type Policies, type PolicyHolder, valuesOf } from './department-policy.ts';

const account: Policies = {
  minimumTransport: 'opportunistic',
  requireVerifiedSender: false,
  trackingLevel: 'identified',
  trackOpens: true,
  trackClicks: true,
  trackPlainText: false,
  honeypotLinks: true,
};
const silent = {
  minimumTransport: null,
  requireVerifiedSender: null,
  trackingLevel: null,
  trackOpens: null,
  trackClicks: null,
  trackPlainText: null,
  honeypotLinks: null,
};
const holder = (id: string, parentId: string | null, says: Partial<PolicyHolder> = {}): PolicyHolder => ({
  ...silent,
  ...says,
  id,
  parentId,
});

test('a silent department inherits everything from the account', () => {
  const decided = decidePolicies(account, [holder('ward', null)]);
  assert.deepEqual(valuesOf(decided), account);
  assert.ok(Object.values(decided).every(({ from }) => from === null));
});

test('nothing below loosens what protects', () => {
  const house = holder('house', null, {
    minimumTransport: 'verified',
    requireVerifiedSender: true,
    trackingLevel: 'anonymous',
    trackOpens: false,
    trackClicks: false,
  });
  const ward = holder('ward', 'house', {
    minimumTransport: 'plain',
    requireVerifiedSender: false,
    trackingLevel: 'identified',
    trackOpens: true,
    trackClicks: true,
  });
  const decided = decidePolicies(account, [ward, house]);
  assert.deepEqual(decided.minimumTransport, { value: 'verified', from: 'house' });
  assert.deepEqual(decided.requireVerifiedSender, { value: true, from: 'house' });
  assert.deepEqual(decided.trackingLevel, { value: 'anonymous', from: 'house' });
  assert.deepEqual(decided.trackOpens, { value: false, from: 'house' });
  assert.deepEqual(decided.trackClicks, { value: false, from: 'house' });
});

test('a department below tightens what protects, for itself', () => {
  const ward = holder('ward', 'house', { minimumTransport: 'authenticated', trackingLevel: 'off' });
  const decided = decidePolicies(account, [ward, holder('house', null, { minimumTransport: 'verified' })]);
  assert.deepEqual(decided.minimumTransport, { value: 'authenticated', from: 'ward' });
  assert.deepEqual(decided.trackingLevel, { value: 'off', from: 'ward' });
});

test('the account’s own strictness holds for every department', () => {
  const ward = holder('ward', null, { minimumTransport: 'plain', trackOpens: true });
  const decided = decidePolicies({ ...account, minimumTransport: 'verified', trackOpens: false }, [ward]);
  assert.deepEqual(decided.minimumTransport, { value: 'verified', from: null });
  assert.deepEqual(decided.trackOpens, { value: false, from: null });
});

test('taste is decided by whoever is nearest', () => {
  const ward = holder('ward', 'house', { honeypotLinks: true });
  const house = holder('house', null, { honeypotLinks: false, trackPlainText: true });
  const decided = decidePolicies(account, [ward, house]);
  assert.deepEqual(decided.honeypotLinks, { value: true, from: 'ward' });
  assert.deepEqual(decided.trackPlainText, { value: true, from: 'house' });
});

test('a chain goes from a department to the top, and ends where there is none', () => {
  const all = [holder('house', null), holder('ward', 'house'), holder('other', null)];
  assert.deepEqual(
    chainAbove(all, 'ward').map(({ id }) => id),
    ['ward', 'house'],
  );
  assert.deepEqual(chainAbove(all, 'nowhere'), []);
});
