// SPDX-License-Identifier: GPL-3.0-or-later
import test from 'node:test';
import WebSocket from 'ws';
import { MessagingClient } from '../../../resources/web/messaging-client.js';
import { FakeServer } from '../fakeserver.js';

/** Reconnects at once, nearly. */
export const quick = { initialDelay: 10, maxDelay: 40 };

/** Runs @p body with a fake server, and with a function that makes clients of it. */
export function withServer(name, body) {
    test(name, { timeout: 20000 }, async () => {
        const server = await new FakeServer().start();
        const clients = [];
        const makeClient = (userId, options) => {
            const client = new MessagingClient({ server: server.url, userId, WebSocket, reconnect: quick, ...options });
            client.seen = [];
            for (const type of ['state', 'message', 'undeliverable', 'error', 'outbox', 'message-state', 'presence', 'draining'])
                client.addEventListener(type, ({ detail }) => client.seen.push([type, detail]));
            client.details = (type) => client.seen.filter(([seen]) => seen === type).map(([, detail]) => detail);
            clients.push(client);
            return client;
        };
        try {
            await body(server, makeClient);
        } finally {
            await server.stop();
            await Promise.all(clients.map((client) => client.disconnect()));
        }
    });
}

/** The next event of a type, or the next state of that name. */
export const next = (client, type, state) => new Promise((resolve) => {
    const listener = ({ detail }) => {
        if (state && detail.state !== state) return;
        client.removeEventListener(type, listener);
        resolve(detail);
    };
    client.addEventListener(type, listener);
});
export const states = (client) => client.details('state').map(({ state }) => state);

/** Cuts off all, or one user, and refuses who comes back, until the function that it returns is called. */
export function takeDown(server, userId) {
    const { onFrame } = server;
    const isMeant = (session) => userId === undefined || session?.userId === userId;
    server.onFrame = (socket, frame, session) => {
        if (frame.command !== 'CONNECT' || !isMeant(session)) return onFrame(socket, frame, session);
        socket.terminate();
        return true;
    };
    for (const session of server.sessions.values()) if (isMeant(session)) session.socket?.terminate();
    return () => { server.onFrame = onFrame; };
}

/** Resolves when a client has dispatched so many messages; to their contents. */
export async function received(client, count) {
    while (client.details('message').length < count) await next(client, 'message');
    return client.details('message').map(({ content }) => content);
}
