// SPDX-License-Identifier: GPL-3.0-or-later
//
// What becomes of send() and exchange() when the connection breaks.
import test from 'node:test';
import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { MessagingClient } from '../../resources/web/messaging-client.js';
import { FakeServer } from './fakeserver.js';
import { next, received, takeDown, withServer } from './support/client.js';

/** Two clients that are online, on a server that lets them resume. */
async function pair(server, makeClient, options) {
    server.resumeWindow = 30000;
    const [alice, bob] = [makeClient('alice', options), makeClient('bob')];
    await Promise.all([alice.connect(), bob.connect()]);
    return [alice, bob];
}

/** Alice's connection is gone, and she cannot come back until the function that it resolves to is called. */
async function cutOff(server, alice) {
    const reconnecting = next(alice, 'state', 'reconnecting');
    const bringUp = takeDown(server);
    await reconnecting;
    return bringUp;
}

/** Resolves when the server has had so many SENDs, and has not answered. */
const swallow = (server, count) => new Promise((resolve) => {
    server.onFrame = (socket, { command }) => {
        if (command !== 'SEND') return false;
        if (--count === 0) resolve();
        return true;
    };
});

const outcomes = (promises) => Promise.allSettled(promises).then((all) => all.map(({ status, reason }) => reason?.code ?? status));

withServer('what is sent while the connection is away goes out when it is back, in order', async (server, makeClient) => {
    const [alice, bob] = await pair(server, makeClient);
    await alice.send('bob', 0);
    const bringUp = await cutOff(server, alice);
    const sent = [1, 2, 3].map((number) => alice.send('bob', number));
    assert.deepEqual(alice.waiting, { messages: 3, bytes: 3 });
    const online = next(alice, 'state', 'online').then(() => alice.send('bob', 4));
    alice.addEventListener('state', ({ detail }) => { if (detail.state === 'online') sent.push(alice.send('bob', 'at once')); });
    bringUp();
    await online;
    await Promise.all(sent);
    assert.deepEqual(await received(bob, 6), [0, 1, 2, 3, 'at once', 4]);
    assert.deepEqual(alice.details('outbox').map(({ messages }) => messages), [1, 2, 3, 0]);
    assert.deepEqual(alice.waiting, { messages: 0, bytes: 0 });
});

for (const knowsRepeats of [true, false]) {
    for (const isRelayed of [true, false]) {
        withServer(`what was not confirmed when the connection broke arrives once (${isRelayed ? 'it was relayed' : 'it was lost'}, ${
            knowsRepeats ? 'the server knows repeats' : 'the server knows no repeats'})`, async (server, makeClient) => {
            server.knowsRepeats = knowsRepeats;
            const [alice, bob] = await pair(server, makeClient);
            const ids = [];
            let broken;
            server.onFrame = (socket, { command, headers, body }) => {
                if (command !== 'SEND') return false;
                ids.push(headers.get('exchange-id'));
                if (ids.length > 1) return socket === broken; // nothing gets through behind a hole
                broken = socket;
                if (isRelayed) server.deliver('alice', 'bob', JSON.parse(body), ids[0]);
                socket.terminate();
                return true;
            };
            const sent = [alice.send('bob', 'one'), alice.send('bob', 'two')];
            const [one, two] = await Promise.all(sent);
            assert.deepEqual(await received(bob, 2), ['one', 'two']);
            assert.deepEqual([ids[0], ids.at(-2), ids.at(-1)], [one.exchangeId, one.exchangeId, two.exchangeId]);
            await alice.send('bob', 'three');
            assert.deepEqual(await received(bob, 3), ['one', 'two', 'three']);
        });
    }
}

withServer('no more waits than the limits allow', async (server, makeClient) => {
    const [alice, bob] = await pair(server, makeClient, { outbox: { messages: 2, bytes: 20 } });
    const bringUp = await cutOff(server, alice);
    await assert.rejects(alice.send('bob', 'x'.repeat(20)), { code: 'outbox-full', uncertain: false });
    const sent = [alice.send('bob', 1), alice.send('bob', 2), alice.send('bob', 3), alice.send('bob', 4)];
    assert.deepEqual(await outcomes(sent.slice(2)), ['outbox-full', 'outbox-full']);
    bringUp();
    await Promise.all(sent.slice(0, 2));
    assert.deepEqual(await received(bob, 2), [1, 2]);
    const many = Array.from({ length: 50 }, (_, number) => alice.send('bob', number)); // online there is no such limit
    await Promise.all(many);
});

withServer('a message waits no longer than its time', async (server, makeClient) => {
    const [alice] = await pair(server, makeClient, { outbox: { time: 60 } });
    server.onFrame = (socket, { command }) => command === 'SEND';
    await assert.rejects(alice.send('bob', 'no answer'), { code: 'timeout', uncertain: true });
    const underWay = alice.send('bob', 'cut off', { time: 100 });
    await cutOff(server, alice);
    await assert.rejects(alice.send('bob', 'never out', { time: 20 }), { code: 'not-sent', uncertain: false });
    await assert.rejects(underWay, { code: 'timeout', uncertain: true });
    assert.deepEqual(alice.waiting, { messages: 0, bytes: 0 });
    assert.equal(alice.details('outbox').at(-1).messages, 0);
});

withServer('ttl counts from send() on', async (server, makeClient) => {
    const [alice, bob] = await pair(server, makeClient);
    const seen = [];
    server.onFrame = (socket, { command, headers }) => {
        if (command === 'SEND') seen.push(Number(headers.get('ttl')));
        return false;
    };
    await alice.send('bob', 1, { ttl: 5000 });
    const bringUp = await cutOff(server, alice);
    await assert.rejects(alice.send('bob', 'too old', { ttl: 20 }), { code: 'expired', uncertain: false });
    const waited = Date.now();
    const sent = alice.send('bob', 2, { ttl: 5000 });
    await assert.rejects(alice.send('bob', 'a clock', { time: 30 }), { code: 'not-sent' });
    bringUp();
    await sent;
    assert.deepEqual(await received(bob, 2), [1, 2]);
    assert.ok(seen[0] > 4000 && seen[0] <= 5000 && seen[1] <= 5000 - 30 && seen[1] >= 5000 - (Date.now() - waited), String(seen));
});

const policies = [['unsent', ['session-lost', 'fulfilled'], ['waits']], ['all', ['fulfilled', 'fulfilled'], ['under way', 'waits']], ['none', ['session-lost', 'session-lost'], []]];
for (const [newSession, expected, arrived] of policies) {
    withServer(`in another session goes out what ${newSession} says`, async (server, makeClient) => {
        const [alice, bob] = await pair(server, makeClient, newSession === 'unsent' ? {} : { outbox: { newSession } });
        const { socket } = server.sessionOf('alice');
        const swallowed = swallow(server, 1);
        const sent = [alice.send('bob', 'under way')];
        await swallowed;
        const reconnecting = next(alice, 'state', 'reconnecting');
        const online = next(alice, 'state', 'online');
        const [key] = [...server.sessions].find(([, { userId }]) => userId === 'alice');
        server.onFrame = () => false;
        server.sessions.delete(key);
        socket.close(4002, 'session ended');
        await reconnecting;
        sent.push(alice.send('bob', 'waits'));
        assert.equal((await online).resumed, false);
        assert.deepEqual(await outcomes(sent), expected);
        const uncertain = (await Promise.allSettled(sent)).map(({ reason }) => reason?.uncertain);
        assert.deepEqual(uncertain, expected.map((code, index) => (code === 'fulfilled' ? undefined : index === 0)));
        await alice.send('bob', 'last');
        assert.deepEqual(await received(bob, arrived.length + 1), [...arrived, 'last']);
    });
}

withServer('each message may say itself whether it goes out in another session', async (server, makeClient) => {
    const [alice] = await pair(server, makeClient);
    const { socket } = server.sessionOf('alice');
    const swallowed = swallow(server, 3);
    const sent = [alice.send('bob', 1), alice.send('bob', 2, { newSession: 'all' }), alice.send('bob', 3, { newSession: 'none' })];
    await swallowed;
    const online = next(alice, 'state', 'online');
    server.sessions.delete([...server.sessions].find(([, { userId }]) => userId === 'alice')[0]);
    server.onFrame = () => false;
    socket.close(4002);
    await online;
    assert.deepEqual(await outcomes(sent), ['session-lost', 'fulfilled', 'session-lost']);
});

withServer('without an outbox a broken connection is the application\'s to deal with', async (server, makeClient) => {
    const [alice] = await pair(server, makeClient, { outbox: false });
    server.onFrame = (socket, { command }) => command === 'SEND';
    const underWay = alice.send('bob', 1);
    await Promise.all([cutOff(server, alice), assert.rejects(underWay, { code: 'connection-lost', uncertain: true })]);
    await assert.rejects(alice.send('bob', 2), { code: 'not-connected' });
    await assert.rejects(alice.exchange('bob', 2), { code: 'not-connected' });
});

withServer('what waits is rejected by disconnect(), and when another connection takes the session over', async (server, makeClient) => {
    const [alice, bob] = await pair(server, makeClient);
    server.onFrame = (socket, { command }) => command === 'SEND';
    const underWay = bob.send('alice', 1);
    server.sessionOf('bob').socket.close(4001);
    await assert.rejects(underWay, { code: 'replaced', closeCode: 4001, uncertain: true });
    await cutOff(server, alice);
    const waiting = [alice.send('bob', 1), alice.exchange('bob', 1)];
    await alice.disconnect();
    assert.deepEqual(await outcomes(waiting), ['closed', 'closed']);
    await assert.rejects(waiting[0], { uncertain: false });
    await assert.rejects(waiting[1], { uncertain: false });
});

withServer('what a draining server does not take any more goes to the next one', async (server, makeClient) => {
    const [alice, bob] = await pair(server, makeClient);
    server.onFrame = (socket, { command, headers }, session) => {
        if (command !== 'SEND') return false;
        server.tell(session.userId, 'draining', { reconnectAfter: 20 });
        socket.send(['MESSAGE', 'event:undeliverable', `receipt-id:${headers.get('receipt')}`, `subscription:${session.subscription}`,
            'message-id:u1', '', JSON.stringify(FakeServer.problem(503, 'draining', 'Draining.'))].join('\n') + '\0');
        server.onFrame = () => false;
        socket.close(1001);
        return true;
    };
    await alice.send('bob', 'x');
    assert.deepEqual(await received(bob, 1), ['x']);
    assert.deepEqual(alice.details('undeliverable'), []);
    assert.deepEqual(alice.details('error'), []);
});

withServer('exchange() tries again where the server cannot be reached, under the same id', async (server, makeClient) => {
    const [alice, bob] = await pair(server, makeClient);
    const ids = [];
    const answers = ['hang up', { status: 503, body: FakeServer.problem(503, 'unavailable', 'Away.') }, { status: 502, body: 'Bad gateway' }];
    server.intercept = (request, body) => {
        if (request.url !== '/exchange') return undefined;
        ids.push(body.exchangeId);
        return answers[ids.length - 1];
    };
    const receipt = await alice.exchange('bob', 'x');
    assert.equal(receipt.state, 'delivered');
    assert.deepEqual(ids, Array(4).fill(receipt.exchangeId));
    assert.deepEqual(await received(bob, 1), ['x']);
});

const hopeless = [
    ['a refusal', { status: 404, body: FakeServer.problem(404, 'recipient-unknown', 'No.') }, { code: 'recipient-unknown', uncertain: false }],
    ['a server that wants to be left alone for longer than there is time', { status: 503, headers: { 'Retry-After': '3600' }, body: FakeServer.problem(503, 'draining', 'No.') }, { code: 'draining', uncertain: false }],
];
for (const [name, answer, error] of hopeless) {
    withServer(`exchange() does not try again after ${name}`, async (server, makeClient) => {
        const [alice] = await pair(server, makeClient);
        server.intercept = (request) => (request.url === '/exchange' ? answer : undefined);
        await assert.rejects(alice.exchange('bob', 'x'), error);
        assert.equal(server.count('POST /exchange'), 1);
    });
}

withServer('exchange() gives up when its time is over', async (server, makeClient) => {
    const [alice] = await pair(server, makeClient);
    server.intercept = (request) => (request.url === '/exchange' ? 'hang up' : undefined);
    await assert.rejects(alice.exchange('bob', 'x', { time: 100 }), { code: /network|timeout/, uncertain: true });
    assert.ok(server.count('POST /exchange') > 1);
    server.intercept = (request) => (request.url === '/exchange' ? new Promise(() => { }) : undefined);
    await assert.rejects(alice.exchange('bob', 'x', { time: 100 }), { code: 'timeout', uncertain: true });
});

withServer('exchange() waits for the connection to come back', async (server, makeClient) => {
    const [alice, bob] = await pair(server, makeClient);
    const bringUp = await cutOff(server, alice);
    const sent = alice.exchange('bob', 'x');
    await assert.rejects(alice.exchange('bob', 'y', { time: 30 }), { code: 'not-sent', uncertain: false });
    assert.equal(server.count('POST /exchange'), 0);
    bringUp();
    await sent;
    assert.deepEqual(await received(bob, 1), ['x']);
});

withServer('exchange() that may have arrived is not repeated in another session, unless it is told to', async (server, makeClient) => {
    for (const [options, expected] of [[{}, 'session-lost'], [{ newSession: 'all' }, 'fulfilled']]) {
        const alice = makeClient('alice');
        await alice.connect();
        let tries = 0;
        server.intercept = (request) => {
            if (request.url !== '/exchange' || tries++ > 0) return undefined;
            const { socket } = server.sessionOf('alice');
            server.sessions.clear();
            socket.close(4002);
            return 'hang up';
        };
        const sent = alice.exchange('alice', 'x', options);
        assert.deepEqual(await outcomes([sent]), [expected]);
        await alice.disconnect();
    }
});

test('the options of sending are checked', async () => {
    const make = (outbox) => () => new MessagingClient({ server: 'http://localhost', userId: 'alice', WebSocket, outbox });
    assert.throws(make({ newSession: 'perhaps' }), { code: 'invalid-argument' });
    assert.doesNotThrow(make(false));
});

for (const [name, options] of Object.entries({ ttl: { ttl: 0 }, 'a part of a ttl': { ttl: 1.5 }, exchangeId: { exchangeId: '' }, notify: { notify: ['read'] },
    'notify as text': { notify: 'acked' }, time: { time: -1 }, newSession: { newSession: true } })) {
    withServer(`send() and exchange() refuse a bad ${name}`, async (server, makeClient) => {
        const [alice] = await pair(server, makeClient);
        await assert.rejects(alice.send('bob', 1, options), { code: 'invalid-argument' });
        await assert.rejects(alice.exchange('bob', 1, options), { code: 'invalid-argument' });
        assert.equal(server.count('SEND'), 0);
    });
}
