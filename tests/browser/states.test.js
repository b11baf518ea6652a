// SPDX-License-Identifier: GPL-3.0-or-later
//
// The client and the real daemon: what became of messages, who is there, and a daemon that drains and comes back.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { MessagingClient } from '../../resources/web/messaging-client.js';
import { next, quick } from './support/client.js';
import { Daemon } from './support/daemon.js';

let daemon;
before(async () => { daemon = await Daemon.start(); });
after(async () => { await daemon?.stop(); });

const clients = [];
async function join(userId, options) {
    const client = new MessagingClient({ server: daemon.url, userId, WebSocket, reconnect: quick, ...options });
    clients.push(client);
    await client.connect();
    return client;
}
const withClients = (name, body) => test(name, { timeout: 30000 }, async () => {
    try {
        await body();
    } finally {
        await Promise.all(clients.splice(0).map((client) => client.disconnect()));
    }
});

withClients('notices come from the daemon, for both ways of sending', async () => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    for (const way of ['send', 'exchange']) {
        const got = next(bob, 'message');
        const receipt = await alice[way]('bob', { way }, { notify: ['written', 'acked'] });
        assert.deepEqual((await got).content, { way });
        assert.equal((await receipt.written).state, 'written');
        assert.ok(['acked', 'written'].includes((await receipt.acked).state));
        assert.ok(['acked', 'written'].includes((await alice.messageState(receipt.messageId ?? (await receipt.written).messageId)).state));
    }
});

withClients('a message waits for who is not there, or expires with a notice', async () => {
    const alice = await join('alice');
    await assert.rejects(alice.exchange('dora', 'now'), { status: 404 });
    await alice.exchange('dora', 'later', { ttl: 20000 });
    const dora = new MessagingClient({ server: daemon.url, userId: 'dora', WebSocket, reconnect: quick });
    clients.push(dora);
    const got = next(dora, 'message');
    await dora.connect();
    assert.equal((await got).content, 'later');
    const lost = next(alice, 'message-state');
    await alice.exchange('nobody', 'x', { ttl: 200, notify: ['failed'] });
    assert.equal((await lost).state, 'expired');
});

withClients('presence is asked and watched', async () => {
    const alice = await join('alice');
    assert.equal((await alice.presence(['erik'])).get('erik').state, 'offline');
    const seen = [];
    alice.addEventListener('presence', ({ detail }) => seen.push(detail.state));
    await alice.watchPresence('erik');
    const erik = await join('erik');
    while (seen.at(-1) !== 'online') await next(alice, 'presence');
    await erik.disconnect();
    while (seen.at(-1) !== 'offline') await next(alice, 'presence');
    assert.deepEqual([seen[0], (await alice.presence(['erik'])).get('erik').state], ['offline', 'offline']);
});
