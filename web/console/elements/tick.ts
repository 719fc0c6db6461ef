/** A place on the axis of a chart, as a share of it, and what is written there. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}
