/** Which origin AS numbers mean which network class. Facts from the registries; short on purpose. */
import type { NetworkClass } from '../networks.ts';

const NUMBERS: Readonly<Partial<Record<NetworkClass, readonly number[]>>> = {
  google: [15169],
  microsoft: [8075, 8074, 8070, 12076],
  proofpoint: [22843, 26211, 52129],
  mimecast: [30031, 39588, 42427, 60492],
  cisco: [16417],
  // Leaseweb, M247, Amazon (2), DigitalOcean, OVH, Hetzner, Linode, Vultr, Google Cloud.
  'data-centre': [30633, 9009, 14618, 16509, 14061, 16276, 24940, 63949, 20473, 396982],
};

const CLASS_OF = new Map<number, NetworkClass>(
  (Object.keys(NUMBERS) as NetworkClass[]).flatMap((name) => (NUMBERS[name] ?? []).map((asn) => [asn, name] as const)),
);

/** The network class of an AS; `undefined` for all the others. Lets a caller turn an AS table into network lists. */
export function classOfAsn(asn: number): NetworkClass | undefined {
  return CLASS_OF.get(asn);
}
