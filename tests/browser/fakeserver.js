// SPDX-License-Identifier: GPL-3.0-or-later
//
// A server that speaks just enough HTTP and STOMP for the client's unit tests, and that misbehaves on
// demand. Started by itself (`node fakeserver.js [port]`) it serves the demo page as well.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { FrameParser, formatFrame } from '../../resources/web/messaging-client.js';

const webRoot = fileURLToPath(new URL('../../resources/web', import.meta.url));
const mediaTypes = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

export class FakeServer {
    sessions = new Map(); // listeningKey -> { userId, socket, subscription }
    journal = []; // what came in: 'POST /connect', 'CONNECT', 'beat', ...
    sent = 0; // message ids
    #answers = new Map(); // by sender and exchange-id
    /** Set by tests: (request, body) => an answer instead of the usual one, or undefined. */
    intercept = () => undefined;
    /** Set by tests: (socket, frame, session) => true when the frame was dealt with. */
    onFrame = () => false;
    heartbeat = '0,0';
    /** What is granted to a CONNECT with `resume`, in ms; 0: nothing. */
    resumeWindow = 0;
    /** Whether it knows a sender's exchange-id again. If not, that is a header that travels like any other. */
    knowsRepeats = false;

    async start(port = 0) {
        this.http = createServer((request, response) => this.#serve(request, response));
        this.webSockets = new WebSocketServer({ server: this.http, path: '/ws', handleProtocols: (offered) => [...offered][0] });
        this.webSockets.on('connection', (socket) => this.#accept(socket));
        await new Promise((resolve) => this.http.listen(port, '127.0.0.1', resolve));
        this.port = this.http.address().port;
        this.url = `http://127.0.0.1:${this.port}`;
        return this;
    }

    async stop() {
        for (const socket of this.webSockets.clients) socket.terminate();
        this.http.closeAllConnections();
        await new Promise((resolve) => this.http.close(resolve));
    }

    count(entry) {
        return this.journal.filter((line) => line === entry).length;
    }

    sessionOf(userId) {
        return [...this.sessions].find(([, session]) => session.userId === userId)?.[1];
    }

    /** @returns {'delivered' | 'queued' | undefined} nothing when there is no such session */
    deliver(from, to, content, exchangeId) {
        const [key, session] = [...this.sessions].find(([, { userId }]) => userId === to) ?? [];
        if (!session) return undefined;
        const repeated = this.knowsRepeats && this.#answers.get(`${from} ${exchangeId}`);
        if (repeated) return repeated;
        const message = { id: `m${++this.sent}`, from, content, exchangeId: this.knowsRepeats ? undefined : exchangeId };
        this.#answers.set(`${from} ${exchangeId}`, session.subscription ? 'delivered' : 'queued');
        if (session.acks || !session.subscription) (session.unsettled ??= []).push(message);
        if (!session.subscription) return 'queued';
        this.#write(key, session, message);
        return 'delivered';
    }

    /** An event of the server for @p userId, as a MESSAGE on its own queue. */
    tell(userId, event, body, id = `e${++this.sent}`) {
        const [key, { socket, subscription }] = [...this.sessions].find(([, session]) => session.userId === userId);
        socket.send(formatFrame('MESSAGE', { destination: `/queue/${key}`, subscription, 'message-id': id, event,
            'content-type': 'application/json' }, JSON.stringify(body)));
    }

    #write(key, session, { id, from, content, exchangeId }, more = {}) {
        session.socket.send(formatFrame('MESSAGE', { destination: `/queue/${key}`, subscription: session.subscription, 'message-id': id,
            ...(session.acks && { ack: id }), ...more, ...(exchangeId !== undefined && { 'exchange-id': exchangeId }), 'content-type': 'application/json', from }, JSON.stringify({ from, content })));
    }

    static problem(status, name, detail) {
        return { type: `urn:messaging-server:problem:${name}`, title: name, status, detail };
    }

    async #serve(request, response) {
        if (request.method === 'GET' && !request.headers.authorization) return this.#serveFile(request, response);
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        const body = JSON.parse(Buffer.concat(chunks).toString() || '{}');
        this.journal.push(`${request.method} ${request.url}`);
        const answer = await this.intercept(request, body) ?? this.#answer(request, body);
        if (answer === 'hang up') return request.socket.destroy();
        response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers });
        response.end(JSON.stringify(answer.body));
    }

    #answer(request, body) {
        const refuse = (...problem) => ({ status: problem[0], body: FakeServer.problem(...problem) });
        const key = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1];
        if (request.url === '/connect') {
            if (this.sessionOf(body.userId)) return refuse(409, 'user-id-taken', 'This user id is in use.');
            const listeningKey = `queue.${randomBytes(18).toString('base64url')}`;
            this.sessions.set(listeningKey, { userId: body.userId });
            return { status: 200, body: { userId: body.userId, listeningKey, acked: false, iceServers: [],
                listeningAddress: `ws://${request.headers.host}/ws` } };
        }
        if (!this.sessions.has(key)) return refuse(401, 'unknown-key', 'The key is no live session\'s.');
        if (request.url === '/disconnect') {
            this.sessions.get(key).ended = true;
            return { status: 200, body: {} };
        }
        if (request.url !== '/exchange') return refuse(404, 'not-found', 'There is nothing at this path.');
        const state = this.deliver(this.sessions.get(key).userId, body.toUserId, body.content);
        if (!state) return refuse(404, 'recipient-unknown', `${body.toUserId} is not connected.`);
        return { status: state === 'queued' ? 202 : 200, body: { messageId: `m${this.sent}`, state } };
    }

    #accept(socket) {
        const parser = new FrameParser();
        let key;
        socket.on('message', (data) => {
            const text = data.toString();
            if (text === '\n') this.journal.push('beat');
            for (const frame of parser.push(text)) {
                this.journal.push(frame.command);
                if (frame.command === 'CONNECT') key = frame.headers.get('passcode');
                const session = this.sessions.get(key);
                if (!this.onFrame(socket, frame, session)) this.#handle(socket, key, session, frame);
            }
        });
        socket.on('close', () => {
            const session = this.sessions.get(key);
            if (session?.socket !== socket) return;
            if (session.resumable) session.socket = session.subscription = undefined;
            else this.sessions.delete(key);
        });
    }

    #handle(socket, key, session, { command, headers, body }) {
        const receipt = headers.get('receipt');
        if (command === 'CONNECT') {
            if (session?.userId !== headers.get('login')) {
                socket.send(formatFrame('ERROR', { message: 'Access refused' }, 'Access refused'));
                return socket.close(4006, 'credentials refused');
            }
            const resumed = session.resumable === true;
            session.socket = socket;
            session.resumable = this.resumeWindow > 0 && headers.has('resume');
            socket.send(formatFrame('CONNECTED', { version: '1.2', 'heart-beat': this.heartbeat, server: 'fake/1',
                ...(session.resumable && { resume: this.resumeWindow, resumed }) }));
            return;
        }
        if (command === 'SUBSCRIBE' && headers.get('destination') !== `/queue/${key}`) {
            socket.send(formatFrame('ERROR', { message: 'access refused', 'receipt-id': receipt }));
            return socket.close(1008, 'policy violation');
        }
        if (command === 'SUBSCRIBE') {
            session.subscription = headers.get('id');
            session.acks = headers.get('ack') !== 'auto';
            for (const message of session.unsettled ?? []) this.#write(key, session, message, { redelivered: true });
            if (!session.acks) session.unsettled = [];
        }
        if (command === 'ACK') session.unsettled = session.unsettled.filter(({ id }) => id !== headers.get('id'));
        if (command === 'SEND') {
            const to = decodeURIComponent(headers.get('destination').slice('/user/'.length));
            if (!this.deliver(session.userId, to, JSON.parse(body), headers.get('exchange-id'))) {
                socket.send(formatFrame('MESSAGE', { destination: `/queue/${key}`, subscription: session.subscription,
                    'message-id': `m${++this.sent}`, event: 'undeliverable', ...(receipt && { 'receipt-id': receipt }),
                    'content-type': 'application/problem+json' },
                JSON.stringify(FakeServer.problem(404, 'recipient-unknown', `${to} is not connected.`))));
            }
        }
        if (receipt) socket.send(formatFrame('RECEIPT', { 'receipt-id': receipt }));
        if (command === 'DISCONNECT') {
            this.sessions.delete(key);
            socket.close(1000);
        }
    }

    async #serveFile(request, response) {
        const path = normalize(new URL(request.url, this.url).pathname).replace(/^\/$/, '/index.html');
        try {
            const file = await readFile(join(webRoot, path));
            response.writeHead(200, { 'Content-Type': `${mediaTypes[extname(path)]}; charset=utf-8`, 'Cache-Control': 'no-store',
                'Content-Security-Policy': "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; "
                    + `connect-src 'self' ws://${request.headers.host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'` });
            response.end(file);
        } catch {
            response.writeHead(404).end();
        }
    }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const server = await new FakeServer().start(Number(process.argv[2] ?? 0));
    console.log(`ready ${JSON.stringify({ http: `127.0.0.1:${server.port}`, stomp: `127.0.0.1:${server.port}` })}`);
}
