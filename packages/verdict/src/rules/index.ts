/** The rules in the order in which their reasons are told. Adding one is a file beside this one and a line here. */
import { agentCannotClick } from './agent-cannot-click.ts';
import { applePrefetch } from './apple-prefetch.ts';
import { atDelivery } from './at-delivery.ts';
import { bareAgentOpen } from './bare-agent-open.ts';
import { burstCompanion } from './burst-companion.ts';
import { clickBurst } from './click-burst.ts';
import { clickFlurry } from './click-flurry.ts';
import { damagedToken } from './damaged-token.ts';
import { dataCentre } from './data-centre.ts';
import { declaredPrefetch } from './declared-prefetch.ts';
import { displayProxy } from './display-proxy.ts';
import { gmailActions } from './gmail-actions.ts';
import { gmailPrefetch } from './gmail-prefetch.ts';
import { gmailProxyEarly } from './gmail-proxy-early.ts';
import { gmailSampling } from './gmail-sampling.ts';
import { honeypotHit } from './honeypot-hit.ts';
import { humanNeighbour } from './human-neighbour.ts';
import { laterHumanClick } from './later-human-click.ts';
import { learnedScanner } from './learned-scanner.ts';
import { linkPreview } from './link-preview.ts';
import { methodNotGet } from './method-not-get.ts';
import { missingClientHints } from './missing-client-hints.ts';
import { missingLanguage } from './missing-language.ts';
import { namedRobot } from './named-robot.ts';
import { namedScanner } from './named-scanner.ts';
import { oneClick } from './one-click.ts';
import { outdatedBrowser } from './outdated-browser.ts';
import { privateRelay } from './private-relay.ts';
import { providerMachine } from './provider-machine.ts';
import { providerPrefetch } from './provider-prefetch.ts';
import type { Rule } from './rule.ts';
import { scannerNetworkClick } from './scanner-network-click.ts';
import { securityNetworkOpen } from './security-network-open.ts';
import { sharedSourceMinutes } from './shared-source-minutes.ts';
import { sharedSourceSecond } from './shared-source-second.ts';
import { soonAfterDelivery } from './soon-after-delivery.ts';
import { taintedSource } from './tainted-source.ts';
import { twoPlaces } from './two-places.ts';
import { userActivation } from './user-activation.ts';
import { vendorNetworkClick } from './vendor-network-click.ts';

/** Changes whenever a rule, a fact or the way findings add up changes. */
export const RULESET = '2026-11-22.5';

export const rules: readonly Rule[] = [
  honeypotHit,
  damagedToken,
  taintedSource,
  methodNotGet,
  applePrefetch,
  bareAgentOpen,
  gmailPrefetch,
  gmailSampling,
  namedScanner,
  linkPreview,
  scannerNetworkClick,
  vendorNetworkClick,
  securityNetworkOpen,
  learnedScanner,
  namedRobot,
  agentCannotClick,
  declaredPrefetch,
  providerPrefetch,
  clickBurst,
  clickFlurry,
  burstCompanion,
  gmailProxyEarly,
  atDelivery,
  soonAfterDelivery,
  sharedSourceSecond,
  sharedSourceMinutes,
  dataCentre,
  twoPlaces,
  missingClientHints,
  missingLanguage,
  outdatedBrowser,
  providerMachine,
  userActivation,
  humanNeighbour,
  laterHumanClick,
  gmailActions,
  oneClick,
  displayProxy,
  privateRelay,
];
