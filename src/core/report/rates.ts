/** Counts of recipients into the row of a report: people, machines, all, and the rates that the reader's choice gives. */
import type { Automated } from './view.ts';

/** Unique recipients. `opened…` are null where opens cannot be told apart, as for a single link. */
export interface Counts {
  readonly sent: number;
  readonly delivered: number;
  readonly bounced: number;
  readonly deferred: number;
  readonly unsubscribed: number;
  readonly complained: number;
  readonly openedByPeople: number | null;
  readonly openedByMachines: number | null;
  readonly clickedByPeople: number;
  readonly clickedByMachines: number;
}

export const noCounts: Counts = {
  sent: 0,
  delivered: 0,
  bounced: 0,
  deferred: 0,
  unsubscribed: 0,
  complained: 0,
  openedByPeople: 0,
  openedByMachines: 0,
  clickedByPeople: 0,
  clickedByMachines: 0,
};

const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

export const addCounts = (a: Counts, b: Counts): Counts => ({
  sent: a.sent + b.sent,
  delivered: a.delivered + b.delivered,
  bounced: a.bounced + b.bounced,
  deferred: a.deferred + b.deferred,
  unsubscribed: a.unsubscribed + b.unsubscribed,
  complained: a.complained + b.complained,
  openedByPeople: plus(a.openedByPeople, b.openedByPeople),
  openedByMachines: plus(a.openedByMachines, b.openedByMachines),
  clickedByPeople: a.clickedByPeople + b.clickedByPeople,
  clickedByMachines: a.clickedByMachines + b.clickedByMachines,
});

interface OpensAndClicks {
  readonly opened: number | null;
  readonly clicked: number;
}

export interface Figures {
  readonly sent: number;
  readonly delivered: number;
  readonly bounced: number;
  readonly deferred: number;
  readonly unsubscribed: number;
  readonly complained: number;
  readonly opened: number | null;
  readonly clicked: number;
  readonly openRate: number | null;
  readonly clickRate: number | null;
  readonly clickToOpenRate: number | null;
  readonly people: OpensAndClicks;
  readonly machines: OpensAndClicks;
  readonly all: OpensAndClicks;
}

const rate = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null || whole === 0 ? null : part / whole;

/**
 * The rates are plain quotients of the row's own numbers. With machines included `clickToOpenRate` may therefore exceed
 * 1: a scanner clicks without opening. Among people it cannot, since a person's click implies an open.
 */
export function figuresOf(counts: Counts, automated: Automated): Figures {
  const { sent, delivered, bounced, deferred, unsubscribed, complained } = counts;
  const people = { opened: counts.openedByPeople, clicked: counts.clickedByPeople };
  const machines = { opened: counts.openedByMachines, clicked: counts.clickedByMachines };
  const all = { opened: plus(people.opened, machines.opened), clicked: people.clicked + machines.clicked };
  const { opened, clicked } = automated === 'included' ? all : people;
  return {
    sent,
    delivered,
    bounced,
    deferred,
    unsubscribed,
    complained,
    opened,
    clicked,
    openRate: rate(opened, delivered),
    clickRate: rate(clicked, delivered),
    clickToOpenRate: rate(clicked, opened),
    people,
    machines,
    all,
  };
}
