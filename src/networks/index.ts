/** The door of the networks area: the lists that verdicts lean on, fetched from publishers, kept once, used by every process. */
export { forgetList, importList } from './import-list.ts';
export { isListName, type ListName, type ListUrls, listNames } from './lists.ts';
export { measureNetworks } from './metrics.ts';
export { listOfFile, networksFromFiles } from './networks-from-files.ts';
export {
  type FollowedNetworks,
  factsAlone,
  followNetworks,
  type NetworksInUse,
  packagedNetworks,
} from './networks-in-use.ts';
export { readNetworks } from './read-networks.ts';
export { type Refreshed, refreshNow } from './refresh-list.ts';
export { networkRoutes } from './routes.ts';
export { startRefreshing } from './worker.ts';
