/** The yardstick: @y/websocket-server as its package has it, in memory only, on a free port of the loopback interface. */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { setupWSConnection } from '@y/websocket-server/utils';

const { WebSocketServer } = createRequire(new URL('../../../apps/api/package.json', import.meta.url))('ws');

const http = createServer();
const sockets = new WebSocketServer({ server: http });
sockets.on('connection', (socket, request) => setupWSConnection(socket, request));
process.once('disconnect', () => process.exit(0));
http.listen(0, '127.0.0.1', () => process.send({ address: `http://127.0.0.1:${http.address().port}` }));
