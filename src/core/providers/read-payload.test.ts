/** Each provider's documented payloads, read into our words; and what no payload may do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { observationsOf } from './observations.ts';
import type { ProviderEvent, ProviderName } from './provider-event.ts';
import { readPayload } from './read-payload.ts';

const nowMs = Date.parse('2026-11-22T12:00:00Z');
const all: ProviderName[] = ['sendgrid', 'mailgun', 'postmark', 'ses', 'sparkpost', 'resend', 'mandrill'];

function read(provider: ProviderName, payload: unknown) {
  const reading = readPayload(provider, payload, nowMs);
  assert.ok(reading.kind === 'read', reading.kind);
  return reading;
}
function one(provider: ProviderName, payload: unknown): ProviderEvent {
  const { events, refused } = read(provider, payload);
  assert.deepEqual(refused, []);
  assert.equal(events.length, 1);
  return events[0]?.event as ProviderEvent;
}
const some = (event: ProviderEvent, ...names: (keyof ProviderEvent)[]) => names.map((name) => event[name]);

describe('SendGrid', () => {
  const base = {
    email: 'Example@Test.com',
    timestamp: 1513299569,
    'smtp-id': '<14c5d75ce93.dfd.64b469@ismtpd-555>',
    sg_event_id: 'sg_event_id==',
    sg_message_id: '14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0',
  };
  it('tells of an open by Apple’s prefetch', () => {
    const event = one('sendgrid', [
      {
        ...base,
        event: 'open',
        sg_machine_open: true,
        useragent: 'Mozilla/5.0',
        ip: '255.255.255.255',
        category: 'cat facts',
      },
    ]);
    assert.deepEqual(some(event, 'kind', 'atMs', 'messageId', 'recipient'), [
      'open',
      1_513_299_569_000,
      '14c5d75ce93.dfd.64b469',
      'example@test.com',
    ]);
    assert.deepEqual(some(event, 'campaign', 'tags', 'says', 'ip', 'userAgent', 'eventId'), [
      'cat facts',
      ['cat facts'],
      'prefetch',
      '255.255.255.255',
      'Mozilla/5.0',
      'sg_event_id==',
    ]);
  });
  it('gives all events of a message one id, whatever follows it', () => {
    const idOf = (sg_message_id: string) => one('sendgrid', [{ ...base, event: 'delivered', sg_message_id }]).messageId;
    assert.equal(idOf('abc.filterdrecv-p3mdw1-18-5F5FC76C-9.0'), 'abc');
    assert.equal(idOf('abc.recvd-5d8c6f-xyz-18-8F.0'), 'abc');
    const { sg_message_id, ...others } = base;
    assert.equal(one('sendgrid', [{ ...others, event: 'processed' }]).messageId, '14c5d75ce93.dfd.64b469@ismtpd-555');
  });
  it('names a campaign of its marketing before a category', () => {
    const named = {
      ...base,
      event: 'click',
      url: 'https://a.example/?b=1',
      category: ['x'],
      marketing_campaign_id: 12345,
    };
    assert.equal(one('sendgrid', named).campaign, '12345');
    assert.equal(one('sendgrid', { ...named, marketing_campaign_name: 'spring' }).campaign, 'spring');
  });
  it('has events that reports have no use for', () => {
    const kinds = [
      'spamreport',
      'unsubscribe',
      'group_unsubscribe',
      'group_resubscribe',
      'account_status_change',
      '__proto__',
    ];
    assert.equal(
      read(
        'sendgrid',
        kinds.map((event) => ({ ...base, event })),
      ).ignored,
      kinds.length,
    );
  });
});

describe('Mailgun', () => {
  const data = {
    id: 'Ase7i2zsRYeDXztHGENqRA',
    timestamp: 1_652_883_435.279025,
    event: 'opened',
    recipient: 'alice@example.com',
    message: { headers: { 'message-id': '<20220518142000.1.AB@mg.example.com>' } },
    tags: ['newsletter'],
    'client-info': { 'client-type': 'unknown', 'user-agent': 'Mozilla/5.0', bot: 'apple' },
    ip: '50.56.129.169',
  };
  const wrap = (more: object) => ({ signature: {}, 'event-data': { ...data, ...more } });
  it('says by which bot a message was opened, and when it was sent', () => {
    const saying = (bot: unknown) => one('mailgun', wrap({ 'client-info': { ...data['client-info'], bot } })).says;
    assert.deepEqual(['apple', 'gmail', 'generic', '', undefined, 7, 'other'].map(saying), [
      'prefetch',
      'prefetch',
      'machine',
      null,
      null,
      null,
      null,
    ]);
    const event = one('mailgun', wrap({}));
    assert.deepEqual(some(event, 'atMs', 'messageId', 'campaign'), [
      1_652_883_435_279,
      '20220518142000.1.AB@mg.example.com',
      'newsletter',
    ]);
    assert.equal(event.sentAtMs, Date.parse('2022-05-18T14:20:00Z'));
  });
  it('fails for now, for good, or because the address is suppressed', () => {
    const kind = (more: object) => one('mailgun', wrap({ event: 'failed', ...more })).kind;
    assert.equal(kind({ severity: 'temporary' }), 'deferred');
    assert.equal(kind({ severity: 'permanent', reason: 'bounce' }), 'bounced');
    assert.equal(kind({ severity: 'permanent', reason: 'suppress-bounce' }), 'dropped');
  });
  it('names the host that took the message', () => {
    const event = one(
      'mailgun',
      wrap({ event: 'delivered', 'delivery-status': { 'mx-host': 'MX.Example.org', message: 'OK' } }),
    );
    assert.deepEqual(some(event, 'kind', 'mx', 'reply', 'ip'), ['delivered', 'mx.example.org', 'OK', null]);
  });
  it('gives pages of its events API', () => {
    assert.equal(read('mailgun', { items: [data, { ...data, id: 'b' }], paging: {} }).events.length, 2);
  });
});

describe('Postmark', () => {
  const base = {
    MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
    Recipient: 'john@example.com',
    Tag: 'welcome-email',
  };
  it('tells of opens with seven digits behind the second', () => {
    const open = {
      ...base,
      RecordType: 'Open',
      FirstOpen: true,
      ReceivedAt: '2025-04-05T16:33:54.9070259Z',
      UserAgent: 'x',
      Geo: { IP: '188.2.95.4' },
    };
    const event = one('postmark', open);
    assert.deepEqual(some(event, 'atMs', 'ip', 'campaign'), [
      Date.parse('2025-04-05T16:33:54.907Z'),
      '188.2.95.4',
      'welcome-email',
    ]);
    const other = one('postmark', { ...open, ReceivedAt: '2025-04-05T16:33:54.9070260Z' });
    assert.notEqual(event.eventId, other.eventId);
    assert.equal(event.eventId, one('postmark', { ...open, FirstOpen: false }).eventId);
  });
  it('calls things bounces that are none', () => {
    const kind = (Type: string) => {
      const { events } = read('postmark', {
        ...base,
        RecordType: 'Bounce',
        Type,
        Email: 'john@example.com',
        BouncedAt: '2025-04-05T16:33:54Z',
      });
      return events[0]?.event.kind;
    };
    assert.deepEqual(['HardBounce', 'SoftBounce', 'Transient', 'ManuallyDeactivated', 'AutoResponder'].map(kind), [
      'bounced',
      'bounced',
      'deferred',
      'dropped',
      undefined,
    ]);
    assert.equal(read('postmark', { ...base, RecordType: 'SpamComplaint' }).ignored, 1);
  });
});

describe('Amazon SES', () => {
  const mail = {
    timestamp: '2017-08-09T21:59:49.927Z',
    source: 'Sender Name <sender@example.com>',
    messageId: 'EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000',
    destination: ['recipient@example.com'],
    tags: { 'ses:configuration-set': ['ConfigSet'] },
  };
  const open = {
    eventType: 'Open',
    mail,
    open: { ipAddress: '192.0.2.1', timestamp: '2017-08-09T22:00:19.652Z', userAgent: 'x' },
  };
  it('tells bare and in SNS’s envelope alike', () => {
    const bare = one('ses', open);
    assert.deepEqual(
      one('ses', { Type: 'Notification', MessageId: 'm', TopicArn: 't', Message: JSON.stringify(open) }),
      bare,
    );
    assert.deepEqual(some(bare, 'sender', 'campaign', 'sentAtMs', 'says'), [
      'sender@example.com',
      'ConfigSet',
      Date.parse(mail.timestamp),
      null,
    ]);
  });
  it('says what it takes for a bot', () => {
    for (const isBotEvent of [true, 'true'])
      assert.equal(one('ses', { ...open, open: { ...open.open, isBotEvent } }).says, 'machine');
    assert.equal(one('ses', { ...open, open: { ...open.open, isBotEvent: false } }).says, null);
  });
  it('does not say which of several recipients opened', () => {
    const event = one('ses', { ...open, mail: { ...mail, destination: ['a@example.com', 'b@example.com'] } });
    assert.equal(event.recipient, null);
  });
  it('names several recipients of one bounce, and those of a delivery among more', () => {
    const bouncedRecipients = [
      { emailAddress: 'a@example.com' },
      { emailAddress: 'b@example.com', diagnosticCode: 'no' },
    ];
    const bounce = { eventType: 'Bounce', mail, bounce: { timestamp: mail.timestamp, bouncedRecipients } };
    assert.deepEqual(
      read('ses', bounce).events.map(({ event }) => event.recipient),
      ['a@example.com', 'b@example.com'],
    );
    const delivery = { timestamp: mail.timestamp, recipients: ['a@example.com'] };
    const some = {
      notificationType: 'Delivery',
      mail: { ...mail, destination: ['a@example.com', 'b@example.com'] },
      delivery,
    };
    assert.deepEqual(
      read('ses', some).events.map(({ event }) => event.recipient),
      ['a@example.com'],
    );
  });
  it('sends lines of greeting, and texts that are no records', () => {
    const notification = (Message: string) => ({ Type: 'Notification', TopicArn: 't', Message });
    assert.equal(
      read('ses', notification('Successfully validated SNS topic for Amazon SES event publishing.')).ignored,
      1,
    );
    assert.match(read('ses', notification('{"eventType":')).refused[0]?.reason ?? '', /not a JSON object/);
    assert.equal(read('ses', notification('[]')).refused.length, 1);
  });
});

describe('SparkPost', () => {
  const track = {
    type: 'open',
    event_id: '92356927693813856',
    message_id: '000443ee14578172be22',
    rcpt_to: 'r@example.com',
    timestamp: '1460989507',
    campaign_id: 'Example',
    user_agent: 'x',
    ip_address: '127.0.0.1',
  };
  it('marks prefetches beside the event or among what it read from the agent', () => {
    const says = (more: object) => one('sparkpost', [{ msys: { track_event: { ...track, ...more } } }]).says;
    assert.deepEqual(
      [says({}), says({ is_prefetched: true }), says({ user_agent_parsed: { is_prefetched: true } })],
      [null, 'prefetch', 'prefetch'],
    );
  });
  it('asks with an empty event whether we are there', () => {
    assert.deepEqual(read('sparkpost', [{ msys: {} }]), { kind: 'read', events: [], ignored: 1, refused: [] });
  });
  it('tells of the way of a message', () => {
    const kind = (type: string, name = 'message_event') =>
      one('sparkpost', [{ msys: { [name]: { ...track, type } } }]).kind;
    assert.deepEqual(
      ['injection', 'delivery', 'delay', 'bounce', 'out_of_band', 'policy_rejection'].map((type) => kind(type)),
      ['accepted', 'delivered', 'deferred', 'bounced', 'bounced', 'dropped'],
    );
    assert.equal(kind('generation_rejection', 'gen_event'), 'dropped');
    assert.equal(
      one('sparkpost', [{ msys: { message_event: { ...track, type: 'delivery' } } }]).ip,
      null,
      'that was a server',
    );
  });
});

describe('Resend', () => {
  const data = {
    created_at: '2024-02-22T23:41:11.894719+00:00',
    email_id: '56761188-7520-42d8-8898-ff6fc54ce618',
    from: 'Acme <onboarding@resend.dev>',
    to: ['delivered@resend.dev'],
  };
  it('tells a click with its own moment, and tags in either form', () => {
    const click = {
      ipAddress: '122.115.53.11',
      link: 'https://resend.com',
      timestamp: '2024-11-24T05:00:57.163Z',
      userAgent: 'x',
    };
    const event = one('resend', {
      type: 'email.clicked',
      created_at: '2024-11-22T23:41:12.126Z',
      data: { ...data, click, tags: { category: 'confirm_email' } },
    });
    assert.deepEqual(some(event, 'atMs', 'url', 'ip', 'campaign', 'sender'), [
      Date.parse(click.timestamp),
      click.link,
      click.ipAddress,
      'confirm_email',
      'onboarding@resend.dev',
    ]);
    const opened = { type: 'email.opened', created_at: '2024-02-22T23:41:12.126Z' };
    assert.equal(
      one('resend', { ...opened, data: { ...data, tags: [{ name: 'campaign', value: 'spring' }] } }).campaign,
      'spring',
    );
    assert.equal(one('resend', { ...opened, data: { ...data, broadcast_id: 'b-1' } }).campaign, 'b-1');
  });
});

describe('Mandrill', () => {
  const msg = {
    ts: 1365109999,
    email: 'example.webhook@mandrillapp.com',
    sender: 'example.sender@mandrillapp.com',
    tags: ['webhook-example'],
    state: 'sent',
    metadata: {},
    _id: 'exampleaaaaaaaaaaaaaaaaaaaaaaaaa',
    smtp_events: [] as object[],
  };
  it('means accepted by `send`, and delivered where the server’s 250 stands beside it', () => {
    const send = { event: 'send', ts: 1365111111, _id: msg._id, msg };
    assert.equal(one('mandrill', [send]).kind, 'accepted');
    const smtp_events = [{ ts: 1365111120, type: 'sent', diag: '250 2.0.0 OK' }];
    const { events } = read('mandrill', [{ ...send, msg: { ...msg, smtp_events } }]);
    assert.deepEqual(
      events.map(({ event }) => [event.kind, event.atMs]),
      [
        ['accepted', 1_365_111_111_000],
        ['delivered', 1_365_111_120_000],
      ],
    );
    const refused = [{ ts: 1365111120, type: 'sent', diag: '450 later' }];
    assert.equal(read('mandrill', [{ ...send, msg: { ...msg, smtp_events: refused } }]).events.length, 1);
  });
  it('has syncs and inbound mail that are none of ours', () => {
    assert.equal(
      read('mandrill', [
        { type: 'blacklist', action: 'add' },
        { event: 'inbound', ts: 1, msg: {} },
      ]).ignored,
      2,
    );
  });
});

describe('any payload', () => {
  it('is read without an exception, and each of its parts is told of', () => {
    const anything = fc.anything({ withNullPrototype: true, maxDepth: 4 });
    const known = fc.record(
      {
        event: fc.constantFrom('open', 'click', 'opened', 'send'),
        eventType: fc.constantFrom('Open', 'Bounce'),
        type: fc.constantFrom('email.opened', 'x'),
        RecordType: fc.constantFrom('Open', 'Bounce'),
        msys: anything,
        mail: anything,
        data: anything,
        msg: anything,
        timestamp: anything,
        'event-data': anything,
        Type: fc.constant('Notification'),
        Message: fc.string(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.array(fc.oneof(anything, known), { maxLength: 5 }), (provider, items) => {
        const reading = readPayload(provider, items, nowMs);
        assert.ok(reading.kind === 'read');
        const places = new Set([...reading.events, ...reading.refused].map(({ index }) => index));
        assert.ok(places.size + reading.ignored >= items.length);
      }),
      { numRuns: 500 },
    );
  });
  it('is none of tomorrow', () => {
    const reading = read('sendgrid', [
      { email: 'a@example.com', event: 'open', sg_event_id: 'x', sg_message_id: 'y', timestamp: nowMs / 1000 + 86_500 },
    ]);
    assert.match(reading.refused[0]?.reason ?? '', /future/);
  });
});

describe('observations for the judge', () => {
  it('know their delivery, their sequence and their links, in whatever order events came', () => {
    const base = { email: 'a@example.com', sg_message_id: 'm', category: ['c'] };
    const click = (url: string, at: number) => ({
      ...base,
      event: 'click',
      sg_event_id: url,
      url,
      timestamp: at,
      ip: '192.0.2.7',
      useragent: 'x',
    });
    const { events } = read('sendgrid', [
      click('https://a.example', 1_513_299_600),
      { ...base, event: 'delivered', sg_event_id: 'd', timestamp: 1_513_299_570 },
      click('https://b.example', 1_513_299_601),
      click('https://a.example', 1_513_299_602),
    ]);
    const observations = observationsOf(
      'sendgrid',
      events.map(({ event }) => event),
    );
    assert.deepEqual(
      observations.map(({ link }) => link),
      [0, 1, 0],
    );
    assert.deepEqual(
      new Set(observations.map(({ deliveredAt }) => deliveredAt)),
      new Set(['2017-12-15T00:59:30.000Z']),
    );
    assert.deepEqual(
      new Set(observations.map(({ message, recipient }) => `${message} ${recipient}`)),
      new Set(['sendgrid m a@example.com']),
    );
  });
});
