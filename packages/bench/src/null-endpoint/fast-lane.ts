import type { Server } from 'node:http';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import type { ScriptedReply } from '@sluice/core/aws/scripted-endpoint';

// Most of what a small call would cost an endpoint is HTTP. So calls of the JSON protocols, which are POSTs of a known length, are read
// and answered here with as little as that takes; a connection that brings anything else goes over to a server that knows all of HTTP.

const headEnd = Buffer.from('\r\n\r\n');
/** Source: node:http, maxHeaderSize. */
const headBytesMax = 16 * 1024;

type Head = { readonly target: string; readonly bodyStart: number; readonly end: number };

/** What a call's head says; undefined while it is not there yet, 'other' where it is none of those that are answered here. */
const readHead = (received: Buffer): Head | 'other' | undefined => {
  const at = received.indexOf(headEnd);
  if (at === -1) return received.length > headBytesMax ? 'other' : undefined;
  const head = received.toString('latin1', 0, at);
  const target = /\r\nx-amz-target: *([\w.]+)/i.exec(head)?.[1];
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const isPlain = head.startsWith('POST ') && !/\r\n(?:expect|connection: *close)/i.test(head);
  if (!isPlain || target === undefined || length === undefined) return 'other';
  const bodyStart = at + headEnd.length;
  return { target, bodyStart, end: bodyStart + Number(length) };
};

const write = (socket: Socket, { status, headers = {}, body = '' }: ScriptedReply): void => {
  let head = `HTTP/1.1 ${status} ${status === 200 ? 'OK' : 'Refused'}\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};

/** Reads the calls of one connection. */
const serve = (
  socket: Socket,
  answer: (target: string, body: Buffer) => ScriptedReply,
  handOver: (received: Buffer) => void,
): void => {
  let pieces: Buffer[] = [];
  let bytes = 0;
  /** Of the call under way, once it is there. */
  let head: Head | undefined;
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece);
    bytes += piece.length;
    while (bytes >= (head?.end ?? 1)) {
      const received = pieces.length === 1 ? piece : Buffer.concat(pieces);
      const found = head ?? readHead(received);
      pieces = [received];
      if (found === undefined) return;
      if (found === 'other') return handOver(received);
      head = found;
      if (bytes < found.end) return;
      head = undefined;
      bytes -= found.end;
      pieces = bytes === 0 ? [] : [received.subarray(found.end)];
      write(socket, answer(found.target, received.subarray(found.bodyStart, found.end)));
    }
  });
};

/** `answer`: of a call of a JSON protocol, by its target. `others`: gets the connections with anything else, from that on. */
export const createFastLane = (answer: (target: string, body: Buffer) => ScriptedReply, others: Server): NetServer =>
  createServer((socket) => {
    socket.setNoDelay(true);
    // A client that is ended breaks its connections off.
    socket.on('error', () => socket.destroy());
    serve(socket, answer, (received) => {
      socket.removeAllListeners('data');
      socket.pause();
      socket.unshift(received);
      others.emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  });
