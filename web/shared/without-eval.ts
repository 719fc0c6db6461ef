/** Keeps zod from compiling validators with `new Function`, which the page's policy forbids. Imported before any contract. */
import { config } from 'zod';

config({ jitless: true });
