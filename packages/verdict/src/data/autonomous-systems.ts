/**
 * Which origin AS numbers mean which network class, so that an AS number or a whole AS table is evidence like a publisher's list.
 * Facts from the registries; networks that carry people of every kind (Cloudflare, Fastly, Akamai's relay) stay out.
 */
import type { NetworkClass } from '../networks.ts';

export interface AutonomousSystem {
  readonly asn: number;
  readonly class: NetworkClass;
  /** Who announces it. */
  readonly holder: string;
}

const HOLDERS: readonly (readonly [NetworkClass, string, readonly number[]])[] = [
  ['google', 'Google', [15169]],
  ['microsoft', 'Microsoft', [8075, 8074, 8070, 12076]],
  ['proofpoint', 'Proofpoint', [22843, 26211, 52129]],
  ['mimecast', 'Mimecast', [30031, 39588, 42427, 60492, 37235]],
  ['cisco', 'Cisco IronPort', [16417]],
  ['data-centre', 'Amazon', [14618, 16509, 8987]],
  ['data-centre', 'Google Cloud', [396982]],
  [
    'data-centre',
    'Leaseweb',
    [30633, 60781, 28753, 59253, 133752, 205544, 395954, 396362, 396190, 394380, 19148, 27411, 7203],
  ],
  ['data-centre', 'M247', [9009]],
  ['data-centre', 'DigitalOcean', [14061]],
  ['data-centre', 'OVH', [16276]],
  ['data-centre', 'Hetzner', [24940, 213230, 212317]],
  ['data-centre', 'Linode', [63949]],
  ['data-centre', 'Vultr', [20473]],
  ['data-centre', 'Oracle Cloud', [31898]],
  ['data-centre', 'Alibaba Cloud', [45102, 37963]],
  ['data-centre', 'Tencent Cloud', [132203, 45090]],
  ['data-centre', 'IBM Cloud', [36351]],
  ['data-centre', 'Rackspace', [33070, 27357]],
  ['data-centre', 'Contabo', [51167]],
  ['data-centre', 'Scaleway', [12876]],
  ['data-centre', 'netcup', [197540]],
  ['data-centre', 'UpCloud', [202053]],
  ['data-centre', 'Datacamp', [60068, 212238]],
  ['data-centre', 'Clouvider', [62240]],
  ['data-centre', 'QuadraNet', [8100]],
  ['data-centre', 'HostPapa (ColoCrossing)', [36352]],
  ['data-centre', 'Equinix Metal', [54825]],
  ['data-centre', 'Servers.com', [7979]],
];

/** All that are known, so that a caller can filter a table of the whole Internet before handing it in. */
export const autonomousSystems: readonly AutonomousSystem[] = HOLDERS.flatMap(([name, holder, numbers]) =>
  numbers.map((asn) => ({ asn, class: name, holder })),
);

const CLASS_OF = new Map<number, NetworkClass>(autonomousSystems.map((system) => [system.asn, system.class]));

/** The network class of an AS; `undefined` for all the others. */
export function classOfAsn(asn: number): NetworkClass | undefined {
  return CLASS_OF.get(asn);
}
