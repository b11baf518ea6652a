// SPDX-License-Identifier: GPL-3.0-or-later
//
// What becomes of messages, who is there, and that the server drains: with a server that tells it, and with one that does not.
import assert from 'node:assert/strict';
import { formatFrame } from '../../resources/web/messaging-client.js';
import { FakeServer } from './fakeserver.js';
import { next, quick, states, takeDown, withServer } from './support/client.js';

/** Lets the server answer `GET /exchange/<id>` and `POST /presence`, and take subscriptions to presence. */
function teach(server, { messages = {}, users = {} } = {}) {
    const of = (userId) => (Object.hasOwn(users, userId) ? users[userId] : { state: 'offline', since: null });
    server.watched = new Map(); // userId -> [socket, subscription]
    server.intercept = (request, body) => {
        const message = /^\/exchange\/(.+)$/.exec(request.url)?.[1];
        if (message) return messages[decodeURIComponent(message)] ? { status: 200, body: messages[decodeURIComponent(message)] }
            : { status: 404, body: FakeServer.problem(404, 'message-unknown', 'No message of this id is known.') };
        if (request.url !== '/presence') return undefined;
        return { status: 200, body: { users: Object.fromEntries(body.userIds.map((userId) => [userId, of(userId)])) } };
    };
    server.onFrame = (socket, { command, headers }) => {
        const userId = /^\/topic\/presence\.(.+)$/.exec(headers.get('destination') ?? '')?.[1];
        if (command === 'SUBSCRIBE' && userId) {
            server.watched.set(decodeURIComponent(userId), [socket, headers.get('id')]);
            socket.send(formatFrame('RECEIPT', { 'receipt-id': headers.get('receipt') }));
            server.show(decodeURIComponent(userId), of(decodeURIComponent(userId)));
            return true;
        }
        if (command !== 'UNSUBSCRIBE') return false;
        for (const [name, [, id]] of server.watched) if (id === headers.get('id')) server.watched.delete(name);
        return true;
    };
    server.show = (userId, presence) => {
        users[userId] = presence;
        const [socket, subscription] = server.watched.get(userId);
        socket.send(formatFrame('MESSAGE', { destination: `/topic/presence.${encodeURIComponent(userId)}`, subscription, 'message-id': `p${++server.sent}`,
            event: 'presence', 'content-type': 'application/json' }, JSON.stringify({ userId, ...presence })));
    };
}

const status = (receipt, state, more) => ({ messageId: 'm-1', exchangeId: receipt.exchangeId, toUserId: 'bob', state, ...more });

async function pair(server, makeClient, options) {
    const [alice, bob] = [makeClient('alice', options), makeClient('bob')];
    await Promise.all([alice.connect(), bob.connect()]);
    return [alice, bob];
}

for (const way of ['send', 'exchange']) {
    withServer(`${way}() with notify tells when the message was written and acknowledged`, async (server, makeClient) => {
        const [alice] = await pair(server, makeClient);
        const asked = [];
        server.onFrame = (socket, { command, headers }) => {
            if (command === 'SEND') asked.push(headers.get('notify'));
            return false;
        };
        server.intercept = (request, body) => {
            if (request.url !== '/exchange') return undefined;
            asked.push(body.notify);
            return { status: 202, body: { messageId: 'm-1', state: 'queued' } };
        };
        const receipt = await alice[way]('bob', 'x', { notify: true });
        assert.deepEqual(asked, ['written,acked,failed']);
        server.tell('alice', 'written', status(receipt, 'written'));
        assert.deepEqual(await receipt.written, status(receipt, 'written'));
        server.tell('alice', 'acked', status(receipt, 'acked'));
        assert.deepEqual(await receipt.acked, status(receipt, 'acked'));
        server.tell('alice', 'acked', status(receipt, 'acked')); // once more, as after a break
        const last = await alice.send('bob', 'y', { notify: ['written'] });
        server.tell('alice', 'written', { ...status(last, 'written'), messageId: 'm-2' });
        await last.written;
        assert.deepEqual(alice.details('message-state'), [status(receipt, 'written'), status(receipt, 'acked'), { ...status(last, 'written'), messageId: 'm-2' }]);
    });
}

withServer('a recipient that acknowledges nothing has the message when it is written', async (server, makeClient) => {
    const [alice] = await pair(server, makeClient);
    const receipt = await alice.send('bob', 'x', { notify: ['acked'] });
    server.tell('alice', 'acked', status(receipt, 'written'));
    assert.equal((await receipt.acked).state, 'written');
    assert.equal((await receipt.written).state, 'written');
});

for (const [state, reason] of [['expired', undefined], ['dropped', 'session_ended']]) {
    withServer(`a message that is ${state} rejects what waits for it`, async (server, makeClient) => {
        const [alice] = await pair(server, makeClient);
        const receipt = await alice.send('bob', 'x', { notify: true, ttl: 1000 });
        const told = next(alice, 'message-state');
        server.tell('alice', 'failed', status(receipt, state, { reason }));
        await assert.rejects(receipt.written, { name: 'MessagingError', code: state });
        await assert.rejects(receipt.acked, { code: state });
        assert.deepEqual(await told, status(receipt, state, reason && { reason }));
    });
}

withServer('who did not ask for notices is told so, and nobody has to catch what fails', async (server, makeClient) => {
    const [alice] = await pair(server, makeClient);
    const receipt = await alice.send('bob', 'x');
    await assert.rejects(receipt.written, { code: 'invalid-state' });
    await assert.rejects(alice.send('nobody', 'x', { notify: true }), { code: 'recipient-unknown' });
    const followed = await alice.send('bob', 'x', { notify: ['written'] });
    await assert.rejects(followed.acked, { code: 'invalid-state' });
    await alice.disconnect();
    await assert.rejects(followed.written, { code: 'closed' });
});

withServer('a server that knows no notices: what HTTP says is believed', async (server, makeClient) => {
    const [alice] = await pair(server, makeClient);
    const receipt = await alice.exchange('bob', 'x', { notify: ['written'] });
    assert.equal((await receipt.written).state, 'written');
    await assert.rejects(alice.messageState(receipt.messageId), { code: 'not-supported', status: 404 });
    await assert.rejects(alice.presence(['bob']), { code: 'not-supported', status: 404 });
});

withServer('messageState() asks what became of a message', async (server, makeClient) => {
    const [alice] = await pair(server, makeClient);
    const known = { messageId: 'm/1', toUserId: 'bob', state: 'acked' };
    teach(server, { messages: { 'm/1': known } });
    assert.deepEqual(await alice.messageState('m/1'), known);
    await assert.rejects(alice.messageState('m-2'), { code: 'message-unknown', status: 404 });
});

withServer('presence() asks who is there', async (server, makeClient) => {
    const [alice] = await pair(server, makeClient);
    teach(server, { users: { bob: { state: 'online', since: 7 } } });
    assert.deepEqual([...await alice.presence(['bob', '__proto__'])], [['bob', { state: 'online', since: 7 }], ['__proto__', { state: 'offline', since: null }]]);
    await assert.rejects(makeClient('carol').presence(['bob']), { code: 'not-connected' });
});

withServer('watchPresence() tells the state and its changes, also over a reconnect', async (server, makeClient) => {
    const [alice] = await pair(server, makeClient);
    const users = { 'böb/ %': { state: 'online', since: 7 } };
    teach(server, { users });
    const told = next(alice, 'presence');
    await alice.watchPresence('böb/ %');
    await alice.watchPresence('böb/ %'); // is watched already
    assert.deepEqual(await told, { userId: 'böb/ %', state: 'online', since: 7 });
    const bringUp = takeDown(server);
    await next(alice, 'state', 'reconnecting');
    await alice.watchPresence('carol'); // from the next connection on
    const carol = next(alice, 'presence');
    bringUp();
    assert.deepEqual(await carol, { userId: 'carol', state: 'offline', since: null }); // Böb is online as before
    const changed = next(alice, 'presence');
    server.show('böb/ %', { state: 'detached', since: 8 });
    assert.deepEqual(await changed, { userId: 'böb/ %', state: 'detached', since: 8 });
    alice.unwatchPresence('böb/ %');
    while (server.watched.size > 1) await new Promise(setImmediate);
    assert.deepEqual([...server.watched.keys()], ['carol']);
    assert.equal(alice.details('presence').length, 3);
    assert.deepEqual(alice.details('error'), []);
});

withServer('no more is watched than a connection may have subscriptions', async (server, makeClient) => {
    const [alice] = await pair(server, makeClient);
    teach(server);
    for (let index = 0; index < 100; ++index) await alice.watchPresence(`user ${index}`);
    await assert.rejects(alice.watchPresence('one more'), { code: 'too-many' });
    alice.unwatchPresence('user 3');
    await alice.watchPresence('one more');
});

const silent = [
    ['knows no presence', undefined, { code: 'not-supported' }],
    ['has presence off', { status: 403, body: FakeServer.problem(403, 'presence-off', 'Presence is off.') }, { code: 'presence-off', status: 403 }],
    ['cannot be reached by HTTP', 'hang up', { code: 'network' }],
];
for (const [name, answer, error] of silent) {
    withServer(`watching on a server that ${name} is refused, and costs nothing`, async (server, makeClient) => {
        const [alice] = await pair(server, makeClient);
        server.intercept = (request) => (request.url === '/presence' ? answer : undefined);
        await assert.rejects(alice.watchPresence('bob'), error);
        await alice.send('bob', 'still here');
        assert.equal(server.count('SUBSCRIBE'), 2); // the two clients' own
        assert.deepEqual(states(alice), ['connecting', 'online']);
    });
}

withServer('a subscription to presence that is refused all the same does not end the client', async (server, makeClient) => {
    server.resumeWindow = 30000;
    const [alice] = await pair(server, makeClient);
    teach(server);
    server.onFrame = () => false; // as a server of before: ERROR and 1008
    const online = next(alice, 'state', 'online');
    await alice.watchPresence('bob');
    assert.equal((await online).resumed, true);
    await alice.send('bob', 'still here');
    assert.deepEqual(alice.details('error').map(({ error }) => error.message), ['access refused']);
    assert.equal(server.count('SUBSCRIBE'), 4);
});

withServer('a server that drains is left without an error, and come back to when it said', async (server, makeClient) => {
    const alice = makeClient('alice', { reconnect: { ...quick, initialDelay: 20, jitter: 0.5 } });
    await alice.connect();
    const draining = next(alice, 'draining');
    server.tell('alice', 'draining', { reconnectAfter: 200 });
    assert.deepEqual(await draining, { reconnectAfter: 40 }); // maxDelay is the most
    assert.equal(alice.state, 'online');
    await alice.send('alice', 'still here');
    const online = next(alice, 'state', 'online');
    server.sessionOf('alice').socket.close(1001, 'going away');
    await online;
    const [, , reconnecting] = alice.details('state');
    assert.deepEqual({ ...reconnecting, retryIn: 0 }, { state: 'reconnecting', previous: 'online', attempt: 1, retryIn: 0, draining: true });
    assert.ok(reconnecting.retryIn >= 40 && reconnecting.retryIn <= 60, String(reconnecting.retryIn));
    assert.deepEqual(alice.details('error'), []);
});

withServer('events that are not understood do no harm', async (server, makeClient) => {
    const alice = makeClient('alice');
    await alice.connect();
    for (const event of ['written', 'acked', 'failed', 'presence', 'draining', 'undeliverable', 'of-the-future'])
        for (const body of [null, 7, [], {}]) server.tell('alice', event, body);
    const arrived = next(alice, 'message');
    await alice.send('alice', 'x');
    assert.equal((await arrived).content, 'x');
    assert.equal(alice.state, 'online');
});
