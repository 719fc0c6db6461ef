/** The receiving end of the pipeline benchmark in a process of its own: takes everything, keeps nothing, tells how many. */
import { startSmtpSink } from '../test/kit/smtp-sink.ts';

const sink = await startSmtpSink({ keep: false });
process.on('message', () => process.send?.({ count: sink.count() }));
process.on('disconnect', () => process.exit());
process.send?.({ port: sink.port });
