/** Reads a request's body as JSON: UTF-8, and not nested deeper than what walks through it by calling itself can go. */
import { Problem } from '../contract/problem.ts';

/** Far beyond what anybody writes. */
const levelsMost = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Throws request.invalid_json or request.malformed. */
export function readJsonBody(raw: Uint8Array): unknown {
  const given = parsed(raw);
  if (isDeeper(given, levelsMost))
    throw new Problem('request.malformed', [{ field: '', message: `Nested deeper than ${levelsMost} levels.` }]);
  return given;
}

function parsed(raw: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(raw));
  } catch {
    throw new Problem('request.invalid_json');
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((one) => isDeeper(one, levels - 1));
}
