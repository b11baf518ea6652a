// SPDX-License-Identifier: GPL-3.0-or-later
//
// The session workflow as web pages wrote it for a RabbitMQ web-STOMP broker behind an HTTP service: form posts,
// a subscription with queue headers, /disconnect with the queue's name and then STOMP's DISCONNECT. Through the
// libraries that such pages use.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRequire } from 'node:module';
import WebSocket from 'ws';
import { Client } from '@stomp/stompjs';
import { Daemon } from '../browser/support/daemon.js';

const Stomp = createRequire(import.meta.url)('stompjs');
const queueHeaders = { 'auto-delete': true, durable: false, exclusive: true };

/** A page of @p daemon: the HTTP side, which is the same for every library. */
class Page {
    constructor(daemon, userId) {
        this.daemon = daemon;
        this.userId = userId;
        this.received = [];
        this.waiting = [];
    }

    async post(path, fields, headers = {}) {
        const response = await fetch(this.daemon.url + path, { method: 'POST', body: new URLSearchParams(fields), headers });
        return { status: response.status, body: await response.json() };
    }

    async connect() {
        const { status, body } = await this.post('/connect', { userId: this.userId });
        assert.equal(status, 200);
        assert.equal(body.userId, this.userId);
        assert.equal(body.acked, false);
        Object.assign(this, { address: body.listeningAddress, key: body.listeningKey });
    }

    /** Without a key, as the old page; with it, as every client should. */
    exchange(toUserId, content, withKey) {
        return this.post('/exchange', { fromUserId: this.userId, toUserId, content },
            withKey ? { Authorization: `Bearer ${this.key}` } : {});
    }

    deliver(message) {
        const waiter = this.waiting.shift();
        if (waiter) waiter(message);
        else this.received.push(message);
    }

    next() {
        return this.received.length ? Promise.resolve(this.received.shift()) : new Promise((resolve) => this.waiting.push(resolve));
    }

    disconnectByHttp() {
        return this.post('/disconnect', { queueName: this.key });
    }
}

/** stompjs 2.3.3 over a plain WebSocket, as `Stomp.over(new WebSocket(url))`. */
class OldPage extends Page {
    async subscribe() {
        const socket = new WebSocket(this.address, ['v10.stomp', 'v11.stomp']);
        this.closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)));
        this.client = Stomp.over(socket);
        this.client.debug = () => {};
        this.client.heartbeat.outgoing = 10000;
        this.client.heartbeat.incoming = 0;
        await new Promise((resolve, reject) => this.client.connect(this.userId, this.key, resolve, reject));
        const subscribed = new Promise((resolve) => { this.client.onreceipt = resolve; });
        this.client.subscribe(`/queue/${this.key}`, (message) => this.deliver(message), { ...queueHeaders, receipt: 'sub' });
        await subscribed;
    }

    send(toUserId, text) { this.client.send(`/user/${encodeURIComponent(toUserId)}`, {}, text); }

    async leave() {
        await new Promise((resolve) => this.client.disconnect(resolve));
        await this.closed;
    }
}

/** @stomp/stompjs 7. */
class NewPage extends Page {
    async subscribe() {
        this.client = new Client({
            webSocketFactory: () => new WebSocket(this.address, ['v12.stomp', 'v11.stomp', 'v10.stomp']),
            connectHeaders: { login: this.userId, passcode: this.key },
            reconnectDelay: 0,
        });
        this.closed = new Promise((resolve) => { this.client.onWebSocketClose = (event) => resolve(event.code); });
        await new Promise((resolve, reject) => {
            this.client.onConnect = resolve;
            this.client.onStompError = (frame) => reject(new Error(frame.headers.message));
            this.client.activate();
        });
        const subscribed = new Promise((resolve) => this.client.watchForReceipt('sub', resolve));
        this.client.subscribe(`/queue/${this.key}`, (message) => this.deliver(message), { ...queueHeaders, receipt: 'sub' });
        await subscribed;
    }

    send(toUserId, text) { this.client.publish({ destination: `/user/${encodeURIComponent(toUserId)}`, body: text }); }

    async leave() {
        await this.client.deactivate();
        await this.closed;
    }
}

const metric = async (daemon, name) => {
    const text = await (await fetch(`http://${daemon.listens.internal}/metrics`)).text();
    return Number(text.split('\n').find((line) => line.startsWith(`${name} `)).split(' ')[1]);
};

for (const requireKey of [true, false]) {
    describe(`exchange.require_key=${requireKey}`, () => {
        let daemon;
        before(async () => { daemon = await Daemon.start({ 'exchange.require_key': String(requireKey) }); });
        after(async () => assert.equal(await daemon.stop(), 0));

        for (const [name, Kind] of [['stompjs 2.3.3', OldPage], ['@stomp/stompjs 7', NewPage]]) {
            test(`${name}: two pages exchange messages and leave`, { timeout: 30000 }, async () => {
                const alice = new Kind(daemon, `alice.${name}`);
                const bob = new Kind(daemon, `böb/${name}`);
                await alice.connect();
                await bob.connect();
                const early = await alice.exchange(bob.userId, 'before you listened', requireKey);
                assert.equal(early.status, 202);
                assert.equal(early.body.state, 'queued');
                await bob.subscribe();
                await alice.subscribe();

                const first = await bob.next();
                assert.deepEqual(JSON.parse(first.body), { from: alice.userId, content: 'before you listened' });
                assert.equal(first.headers.destination, `/queue/${bob.key}`);
                assert.equal(first.headers['message-id'], early.body.messageId);

                const offer = JSON.stringify({ type: 'offer', sdp: 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n' });
                const sent = await bob.exchange(alice.userId, offer, requireKey);
                assert.deepEqual([sent.status, sent.body.state], [200, 'delivered']);
                assert.deepEqual(JSON.parse((await alice.next()).body), { from: bob.userId, content: offer });

                alice.send(bob.userId, 'by SEND: grüße');
                const bySend = await bob.next();
                assert.deepEqual(JSON.parse(bySend.body), { from: alice.userId, content: 'by SEND: grüße' });

                assert.equal((await alice.exchange('nobody', 'x', requireKey)).status, 404);

                const left = await alice.disconnectByHttp();
                assert.deepEqual([left.status, left.body], [200, {}]);
                await alice.leave();
                assert.equal((await bob.exchange(alice.userId, 'x', requireKey)).status, 404);
                await bob.leave(); // without /disconnect: the end of the connection ends the session
                await alice.connect(); // both names are free again
                await alice.disconnectByHttp();
                const again = new Kind(daemon, bob.userId);
                await again.connect();
                await again.disconnectByHttp();
            });
        }

        test('what went wrong in the old workflow is refused', { timeout: 30000 }, async () => {
            const alice = new NewPage(daemon, 'alice');
            const mallory = new NewPage(daemon, 'mallory');
            await alice.connect();
            await mallory.connect();

            // A sender that is not the key's user.
            const forged = await mallory.post('/exchange', { fromUserId: 'alice', toUserId: 'mallory', content: 'x' },
                { Authorization: `Bearer ${mallory.key}` });
            assert.equal(forged.status, 403);
            // Credentials in a URL.
            const byGet = await fetch(`${daemon.url}/connect?userId=eve`);
            assert.deepEqual([byGet.status, byGet.headers.get('allow')], [405, 'POST, OPTIONS']);
            // Somebody else's queue by a name that looks like one.
            for (const queueName of ['queue.alice', `queue.alice.${alice.key}`, 'alice', '*']) {
                const { status } = await mallory.post('/disconnect', { queueName });
                assert.equal(status, 401, queueName);
            }
            // A passcode that is not checked.
            mallory.userId = 'alice';
            await assert.rejects(mallory.subscribe());
            await mallory.leave();
            mallory.userId = 'mallory';
            const anonymous = await alice.exchange('mallory', 'without a key', false);
            assert.equal(anonymous.status, requireKey ? 401 : 202);
            await alice.disconnectByHttp();
            await mallory.disconnectByHttp();
        });

        test('nothing is left, and every message is accounted for', async () => {
            const [accepted, delivered, inFlight] = await Promise.all(
                ['accepted_total', 'delivered_total', 'in_flight'].map((name) => metric(daemon, `messaging_messages_${name}`)));
            assert.equal(inFlight, 0);
            const dropped = await metric(daemon, 'messaging_messages_dropped_total{reason="session_ended"}');
            assert.equal(accepted, delivered + dropped);
            assert.equal(dropped, requireKey ? 0 : 1); // mallory never listened
        });
    });
}
