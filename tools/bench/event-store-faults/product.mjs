/** The product as `npm start` runs it, without the build: `product.mjs <data folder>`. Its own process, because its children write to standard output. */
import { Supervisor } from '../../supervisor.mjs';

const [data] = process.argv.slice(2);
const options = { data, port: 0, host: '127.0.0.1', demo: true, rebuild: false };
const supervisor = new Supervisor(options, (message) => console.error(message));
const stop = async (code) => {
  await supervisor.stop();
  process.exit(code);
};
// A benchmark that was killed reads no more: what is said then must not end this process before its children.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.once('SIGTERM', () => void stop(0));
process.once('disconnect', () => void stop(1)); // the benchmark is gone
void supervisor.failed.then((reason) => {
  console.error(reason);
  return stop(1);
});
const { port } = await supervisor.start();
process.send({ address: `http://127.0.0.1:${port}` });
