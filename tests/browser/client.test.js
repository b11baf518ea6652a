// SPDX-License-Identifier: GPL-3.0-or-later
import test from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import WebSocket from 'ws';
import { MessagingClient, formatFrame } from '../../resources/web/messaging-client.js';
import { FakeServer } from './fakeserver.js';
import { next, quick, states, withServer } from './support/client.js';

withServer('a client connects, subscribes and is online', async (server, makeClient) => {
    const alice = makeClient('alice');
    assert.equal(alice.state, 'idle');
    await alice.connect();
    assert.deepEqual(states(alice), ['connecting', 'online']);
    assert.deepEqual(server.journal, ['POST /connect', 'CONNECT', 'SUBSCRIBE']);
    assert.deepEqual(alice.iceServers, []);
    await assert.rejects(alice.connect(), { code: 'invalid-state' });
});

for (const [way, send] of [['HTTP', 'exchange'], ['SEND', 'send']]) {
    withServer(`content of every JSON kind arrives by ${way}`, async (server, makeClient) => {
        const [alice, bob] = [makeClient('alice'), makeClient('böb/%2F:\\ x')];
        await Promise.all([alice.connect(), bob.connect()]);
        const contents = ['text', '', 'Zoë 😀\0\n', 7, true, null, [1, [2]], { sdp: 'v=0\r\n', nested: { a: [null] } }];
        for (const content of contents) {
            const arrived = next(bob, 'message');
            const answer = await alice[send](bob.userId, content);
            assert.equal(answer?.state, send === 'exchange' ? 'delivered' : undefined);
            const { from, content: seen, id } = await arrived;
            assert.deepEqual([from, seen, typeof id], ['alice', content, 'string']);
        }
    });

    withServer(`a message by ${way} to somebody who is not there rejects with the problem`, async (server, makeClient) => {
        const alice = makeClient('alice');
        await alice.connect();
        await assert.rejects(alice[send]('nobody', 'x'), { name: 'MessagingError', code: 'recipient-unknown', status: 404,
            type: 'urn:messaging-server:problem:recipient-unknown', message: 'nobody is not connected.' });
        assert.equal(alice.state, 'online');
        assert.equal(alice.details('undeliverable').length, send === 'send' ? 1 : 0);
    });

    withServer(`what is no JSON value, or sent while offline, is refused by ${send}()`, async (server, makeClient) => {
        const alice = makeClient('alice');
        await assert.rejects(alice[send]('bob', 'x'), { code: 'not-connected' });
        await alice.connect();
        await assert.rejects(alice[send]('bob', undefined), { code: 'invalid-argument' });
    });
}

withServer('calls of send() keep their order', async (server, makeClient) => {
    const [alice, bob] = [makeClient('alice'), makeClient('bob')];
    await Promise.all([alice.connect(), bob.connect()]);
    const numbers = Array.from({ length: 100 }, (_, number) => number);
    const last = new Promise((resolve) => {
        bob.addEventListener('message', ({ detail }) => { if (detail.content === 99) resolve(); });
    });
    await Promise.all([...numbers.map((number) => alice.send('bob', number)), last]);
    assert.deepEqual(bob.details('message').map(({ content }) => content), numbers);
});

withServer('frames for the log never show a key', async (server, makeClient) => {
    const alice = makeClient('alice');
    const log = [];
    alice.addEventListener('frame', ({ detail }) => log.push(detail));
    server.intercept = (request) => request.url === '/connect' && server.count('POST /connect') === 1
        ? { status: 503, body: { listeningKey: 'queue.secret', iceServers: [{ credential: 'queue.secret' }] } } : undefined;
    await assert.rejects(alice.connect(), { code: 'http-503' });
    await alice.connect();
    const [key] = server.sessions.keys();
    await alice.send('alice', 'hello');
    await alice.disconnect();
    const text = log.map((entry) => entry.text).join('\n');
    assert.ok(!text.includes(key) && !text.includes('queue.secret'), text);
    assert.match(text, /CONNECT\n[^]*passcode:\*\*\*\n/);
    assert.match(text, /"listeningKey":"\*\*\*"/);
    assert.deepEqual([...new Set(log.map(({ direction, transport }) => `${direction} ${transport}`))].sort(),
        ['in http', 'in stomp', 'out http', 'out stomp']);
});

withServer('disconnect() ends the session on the server, then says DISCONNECT', async (server, makeClient) => {
    const alice = makeClient('alice');
    await alice.connect();
    await Promise.all([alice.disconnect(), alice.disconnect()]);
    assert.deepEqual(server.journal.slice(3), ['POST /disconnect', 'DISCONNECT']);
    assert.equal(server.sessions.size, 0);
    assert.deepEqual(states(alice), ['connecting', 'online', 'closed']);
    await alice.connect();
    assert.equal(alice.state, 'online');
});

withServer('disconnect() while connecting gives the session back', async (server, makeClient) => {
    const alice = makeClient('alice');
    let answer;
    server.intercept = (request) => request.url === '/connect' ? new Promise((resolve) => { answer = resolve; }) : undefined;
    const connecting = alice.connect();
    while (!answer) await new Promise(setImmediate);
    const disconnecting = alice.disconnect();
    answer(undefined);
    await assert.rejects(connecting, { code: 'closed' });
    await disconnecting;
    assert.deepEqual(server.journal, ['POST /connect', 'POST /disconnect']);
    assert.equal(alice.state, 'closed');
});

const refusals = [
    ['a taken name', { status: 409, body: FakeServer.problem(409, 'user-id-taken', 'Taken.') }, { code: 'user-id-taken', status: 409, message: 'Taken.' }],
    ['a full server', { status: 503, headers: { 'Retry-After': '7' }, body: FakeServer.problem(503, 'overloaded', 'Full.') }, { code: 'overloaded', retryAfter: 7 }],
    ['a proxy\'s error page', { status: 502, body: 'Bad gateway' }, { code: 'http-502', status: 502 }],
    ['an answer that is none', { status: 200, body: {} }, { code: 'protocol' }],
    ['no answer at all', 'hang up', { code: 'network' }],
];
for (const [name, answer, error] of refusals) {
    withServer(`connect() rejects on ${name}, without trying again`, async (server, makeClient) => {
        const alice = makeClient('alice');
        server.intercept = () => answer;
        await assert.rejects(alice.connect(), error);
        assert.equal(alice.state, 'closed');
        assert.equal(server.count('POST /connect'), 1);
    });
}

withServer('connect() rejects when the server does not answer in time', async (server, makeClient) => {
    const alice = makeClient('alice', { timeout: 50 });
    server.intercept = () => new Promise(() => { });
    await assert.rejects(alice.connect(), { code: 'timeout' });
});

withServer('connect() rejects when STOMP is refused, and gives the session back', async (server, makeClient) => {
    const alice = makeClient('alice');
    server.onFrame = (socket) => {
        socket.send(formatFrame('ERROR', { message: 'Access refused' }));
        socket.close(4006);
        return true;
    };
    await assert.rejects(alice.connect(), { code: 'stomp-error', message: 'Access refused', closeCode: 4006 });
    assert.equal(server.count('POST /disconnect'), 1);
});

withServer('a broken connection is replaced by a new session', async (server, makeClient) => {
    const [alice, bob] = [makeClient('alice'), makeClient('bob')];
    await Promise.all([alice.connect(), bob.connect()]);
    const [oldKey] = [...server.sessions].find(([, { userId }]) => userId === 'alice');
    const online = next(alice, 'state', 'online');
    server.sessionOf('alice').socket.terminate();
    await online;
    assert.deepEqual(states(alice), ['connecting', 'online', 'reconnecting', 'online']);
    assert.ok(!server.sessions.has(oldKey));
    const arrived = next(alice, 'message');
    await bob.exchange('alice', 'again');
    assert.equal((await arrived).content, 'again');
});

withServer('a session that may be resumed is resumed, with what came meanwhile', async (server, makeClient) => {
    server.resumeWindow = 30000;
    const [alice, bob] = [makeClient('alice'), makeClient('bob')];
    await alice.connect();
    await bob.connect();
    assert.deepEqual(alice.details('state').at(-1), { state: 'online', previous: 'connecting', resumed: false });
    await bob.exchange('alice', 'before');
    const { socket } = server.sessionOf('alice');
    const detached = once(socket, 'close');
    const resumed = next(alice, 'state', 'online');
    socket.terminate();
    await detached;
    assert.equal((await bob.exchange('alice', 'meanwhile')).state, 'queued');
    assert.equal((await resumed).resumed, true);
    await bob.exchange('alice', 'after');
    while (alice.details('message').length < 3) await next(alice, 'message');
    assert.deepEqual(alice.details('message').map(({ content }) => content), ['before', 'meanwhile', 'after']);
    assert.equal(server.count('POST /connect'), 2); // one each
});

withServer('a message that comes again after a break is dispatched once', async (server, makeClient) => {
    server.resumeWindow = 30000;
    const [alice, bob] = [makeClient('alice'), makeClient('bob')];
    await alice.connect();
    await bob.connect();
    let heard;
    const acknowledged = new Promise((resolve) => { heard = resolve; });
    let cut = true;
    server.onFrame = (socket, { command }, session) => {
        if (command !== 'ACK' || session.userId !== 'alice') return false;
        if (cut) { // the acknowledgement is lost with the connection
            cut = false;
            socket.terminate();
            return true;
        }
        heard();
        return false;
    };
    await bob.exchange('alice', 'once');
    await acknowledged;
    await bob.exchange('alice', 'twice');
    while (alice.details('message').length < 2) await next(alice, 'message');
    assert.deepEqual(alice.details('message').map(({ content }) => content), ['once', 'twice']);
});

withServer('a session that is over when it is resumed makes room for a new one', async (server, makeClient) => {
    server.resumeWindow = 30000;
    const alice = makeClient('alice');
    await alice.connect();
    const online = next(alice, 'state', 'online');
    const { socket } = server.sessionOf('alice');
    server.sessions.clear();
    socket.terminate();
    assert.equal((await online).resumed, false);
    assert.equal(server.count('POST /connect'), 2);
});

withServer('a session that waited too long is given back before a new one is opened', async (server, makeClient) => {
    server.resumeWindow = 1;
    const alice = makeClient('alice', { reconnect: { ...quick, initialDelay: 50, jitter: 0 } });
    await alice.connect();
    const online = next(alice, 'state', 'online');
    server.intercept = (request) => {
        if (request.url !== '/disconnect') return undefined;
        server.sessions.clear();
        return { status: 200, body: {} };
    };
    server.sessionOf('alice').socket.terminate();
    assert.equal((await online).resumed, false);
    assert.deepEqual(server.journal.filter((line) => line.startsWith('POST')), ['POST /connect', 'POST /disconnect', 'POST /connect']);
});

withServer('disconnect() ends a session that waits to be resumed', async (server, makeClient) => {
    server.resumeWindow = 30000;
    const alice = makeClient('alice', { reconnect: { ...quick, initialDelay: 60000, jitter: 0 } });
    await alice.connect();
    const reconnecting = next(alice, 'state', 'reconnecting');
    server.sessionOf('alice').socket.terminate();
    await reconnecting;
    await alice.disconnect();
    assert.equal(server.count('POST /disconnect'), 1);
    assert.equal(alice.state, 'closed');
});

withServer('a client may do without resuming', async (server, makeClient) => {
    server.resumeWindow = 30000;
    const alice = makeClient('alice', { resume: 0 });
    await alice.connect();
    const online = next(alice, 'state', 'online');
    server.sessionOf('alice').socket.terminate();
    assert.equal((await online).resumed, false);
    assert.equal(server.count('POST /connect'), 2);
});

withServer('while the old session lives on, 409 is tried again', async (server, makeClient) => {
    const alice = makeClient('alice');
    await alice.connect();
    let refused = 0;
    server.intercept = (request) => request.url === '/connect' && refused++ < 4
        ? { status: 409, body: FakeServer.problem(409, 'user-id-taken', 'Taken.') } : undefined;
    const online = next(alice, 'state', 'online');
    server.sessionOf('alice').socket.terminate();
    await online;
    assert.equal(refused, 5);
    assert.deepEqual(alice.details('state').filter(({ state }) => state === 'reconnecting').map(({ attempt }) => attempt), [1, 2, 3, 4, 5]);
});

withServer('a name that stays taken is given up in the end', async (server, makeClient) => {
    const alice = makeClient('alice', { reconnect: { ...quick, conflict: 100 } });
    await alice.connect();
    server.intercept = (request) => request.url === '/connect'
        ? { status: 409, body: FakeServer.problem(409, 'user-id-taken', 'Taken.') } : undefined;
    const closed = next(alice, 'state', 'closed');
    server.sessionOf('alice').socket.terminate();
    assert.equal((await closed).error.code, 'user-id-taken');
    assert.equal(alice.details('error').length, 1);
});

withServer('delays grow from try to try, up to the maximum, with jitter', async (server, makeClient) => {
    const alice = makeClient('alice', { reconnect: { initialDelay: 8, maxDelay: 40, factor: 2, jitter: 0.5, attempts: 6 } });
    await alice.connect();
    server.intercept = () => 'hang up';
    const closed = next(alice, 'state', 'closed');
    server.sessionOf('alice').socket.terminate();
    await closed;
    const delays = alice.details('state').filter(({ state }) => state === 'reconnecting').map(({ retryIn }) => retryIn);
    assert.equal(delays.length, 6);
    for (const [index, full] of [8, 16, 32, 40, 40, 40].entries())
        assert.ok(delays[index] >= full / 2 && delays[index] <= full, `${delays}`);
});

withServer('Retry-After is the least delay', async (server, makeClient) => {
    const alice = makeClient('alice');
    await alice.connect();
    server.intercept = () => ({ status: 503, headers: { 'Retry-After': '3600' }, body: FakeServer.problem(503, 'draining', 'Draining.') });
    const waiting = new Promise((resolve) => {
        alice.addEventListener('state', ({ detail }) => { if (detail.attempt === 2) resolve(detail); });
    });
    server.sessionOf('alice').socket.terminate();
    assert.equal((await waiting).retryIn, 3600000);
    await alice.disconnect(); // does not wait for the hour
    assert.equal(alice.state, 'closed');
});

withServer('what will not change by asking again is not asked again', async (server, makeClient) => {
    const alice = makeClient('alice');
    await alice.connect();
    server.intercept = () => ({ status: 403, body: FakeServer.problem(403, 'origin-refused', 'No.') });
    const closed = next(alice, 'state', 'closed');
    server.sessionOf('alice').socket.terminate();
    assert.equal((await closed).error.code, 'origin-refused');
    assert.equal(server.count('POST /connect'), 2);
});

for (const [closeCode, code] of [[4001, 'replaced'], [1002, 'protocol'], [1007, 'protocol'], [1008, 'refused'], [1009, 'too-large']]) {
    withServer(`close code ${closeCode} is final`, async (server, makeClient) => {
        const alice = makeClient('alice');
        await alice.connect();
        const closed = next(alice, 'state', 'closed');
        server.sessionOf('alice').socket.close(closeCode, 'why');
        assert.deepEqual([(await closed).error.code, alice.details('error')[0].error.closeCode], [code, closeCode]);
        assert.equal(server.count('POST /connect'), 1);
    });
}

for (const closeCode of [1000, 1001, 1011, 1013, 4002, 4003, 4004, 4005, 4006]) {
    withServer(`after close code ${closeCode} the client comes back`, async (server, makeClient) => {
        const alice = makeClient('alice');
        await alice.connect();
        const online = next(alice, 'state', 'online');
        server.sessionOf('alice').socket.close(closeCode);
        await online;
        assert.equal(server.count('POST /connect'), 2);
    });
}

withServer('with reconnect: false a broken connection closes the client', async (server, makeClient) => {
    const alice = makeClient('alice', { reconnect: false });
    await alice.connect();
    const closed = next(alice, 'state', 'closed');
    server.sessionOf('alice').socket.terminate();
    assert.equal((await closed).error.code, 'connection-lost');
});

withServer('an ERROR frame rejects its request, is reported, and the client comes back', async (server, makeClient) => {
    const alice = makeClient('alice');
    await alice.connect();
    server.onFrame = (socket, { command, headers }) => {
        if (command !== 'SEND') return false;
        socket.send(formatFrame('ERROR', { message: 'No such thing', 'receipt-id': headers.get('receipt') }));
        socket.close(1011);
        return true;
    };
    const online = next(alice, 'state', 'online');
    await assert.rejects(alice.send('bob', 'x'), { code: 'stomp-error', message: 'No such thing' });
    assert.equal(alice.details('error')[0].error.code, 'stomp-error');
    await online;
});

withServer('the client beats as negotiated', async (server, makeClient) => {
    server.heartbeat = '0,40';
    const alice = makeClient('alice', { heartbeat: 20 });
    await alice.connect();
    while (server.count('beat') < 3) await new Promise(setImmediate);
    assert.equal(alice.state, 'online');
});

withServer('a server that falls silent is given up', async (server, makeClient) => {
    server.heartbeat = '40,0';
    const alice = makeClient('alice', { heartbeat: 40 });
    await alice.connect();
    const lost = await next(alice, 'state', 'reconnecting');
    assert.equal(lost.error.code, 'connection-lost');
    assert.match(lost.error.message, /heart-beats/);
});

withServer('a server that beats is not given up', async (server, makeClient) => {
    server.heartbeat = '300,0';
    const alice = makeClient('alice', { heartbeat: 300 });
    await alice.connect();
    const { socket } = server.sessionOf('alice');
    for (let beat = 0; beat < 8; ++beat) { // four times as long as silence would be borne
        await new Promise((resolve) => setTimeout(resolve, 300));
        socket.send('\n');
    }
    assert.deepEqual(states(alice), ['connecting', 'online']);
});

withServer('messages that are not understood are reported and skipped', async (server, makeClient) => {
    const alice = makeClient('alice');
    await alice.connect();
    const { socket, subscription } = server.sessionOf('alice');
    socket.send(formatFrame('MESSAGE', { subscription, 'message-id': '1' }, 'not JSON'));
    socket.send(formatFrame('MESSAGE', { subscription, 'message-id': '2', event: 'of-the-future' }, '{}'));
    const arrived = next(alice, 'message');
    socket.send(formatFrame('MESSAGE', { subscription, 'message-id': '3' }, '{"from":"bob","content":1}'));
    assert.deepEqual(await arrived, { from: 'bob', content: 1, id: '3' });
    assert.deepEqual(alice.details('error').map(({ error }) => error.code), ['protocol']);
});

test('arguments are checked', () => {
    const make = (options) => () => new MessagingClient({ server: 'http://localhost', WebSocket, ...options });
    assert.throws(make({}), { code: 'invalid-argument' });
    assert.throws(make({ userId: '' }), { code: 'invalid-argument' });
    assert.throws(make({ userId: 'a', server: 'ftp://localhost' }), { code: 'invalid-argument' });
});
