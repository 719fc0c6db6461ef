/** The whole program in a process of its own, every role on, on an embedded database that commits durably. */
import { pino } from 'pino';
import { readConfig } from '../src/config.ts';
import { startProgram } from '../src/main.ts';
import { systemClock } from '../src/platform/world.ts';

export interface PipelineOrder {
  readonly folder: string;
  readonly sinkPort: number;
  readonly apiKey: string;
  /** Beside those that every run needs. */
  readonly settings?: Readonly<Record<string, string>>;
}

const order = JSON.parse(process.argv[2] ?? '{}') as PipelineOrder;
const { config } = readConfig({
  WAXWING_DATA_DIR: `${order.folder}/data`,
  WAXWING_KEY_FILE: `${order.folder}/key`,
  WAXWING_BOOTSTRAP_API_KEY: order.apiKey,
  WAXWING_SMARTHOST: `smtp://127.0.0.1:${order.sinkPort}`,
  WAXWING_TRACKING_URL: 'https://t.clinic.example',
  WAXWING_HTTP_PORT: '0',
  WAXWING_TRACKING_PORT: '0',
  WAXWING_SMTP_PORT: '0',
  ...order.settings,
});
const program = await startProgram(config, { clock: systemClock, log: pino({ level: 'error' }, pino.destination(2)) });
await program.ready;

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1_000 });
});
process.on('disconnect', () => void program.close().then(() => process.exit()));
process.send?.({ port: program.ports.smtp, httpPort: program.ports.http });
