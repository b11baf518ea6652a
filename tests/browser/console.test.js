// SPDX-License-Identifier: GPL-3.0-or-later
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join as path } from 'node:path';
import { launch, withPeople } from './support/browser.js';
import { Console } from './support/console.js';
import { Daemon, repository } from './support/daemon.js';

let daemon;
let browser;
let watcher;
before(async () => {
    daemon = await Daemon.start();
    browser = await launch();
    watcher = await Console.open(daemon);
});
after(async () => {
    if (watcher) assert.equal(await watcher.close(), 0);
    await browser?.close();
    await daemon?.stop();
});

const pictures = process.env.MSGSRV_SCREENSHOTS ?? path(repository, 'build/screenshots');

/** Runs in a page that is online: writes down what it sends, in the order in which the client is asked to. */
async function keepWhatIsSent() {
    const { MessagingClient } = await import('./messaging-client.js');
    const { send } = MessagingClient.prototype;
    globalThis.sent = [];
    MessagingClient.prototype.send = function (to, content) {
        globalThis.sent.push({ to, content: JSON.stringify(content), type: content.type });
        return send.call(this, to, content);
    };
}

/** Of a message as its sender wrote it, what the server leaves as it is. */
function marks(content) {
    const { type, call, candidate, sdp } = JSON.parse(content);
    return { type, call, candidate: candidate?.candidate, session: sdp?.match(/^o=.*$/m)[0] };
}

test('the console shows the call that two browsers make, and ends a session so that its browser notices', { timeout: 100000 }, () =>
    withPeople(browser, daemon, async ({ join }) => {
        await watcher.ask({ do: 'open', page: 'sessions' });
        await watcher.until({ do: 'rows', page: 'sessions' }, ({ rows }) => rows.length === 0);
        await watcher.ask({ do: 'open', page: 'flow' });
        assert.deepEqual((await watcher.ask({ do: 'arrows' })).arrows, []);

        const [alice, bob] = [await join('alice'), await join('bob')];
        const people = { alice, bob };
        for (const person of [alice, bob]) await person.page.evaluate(keepWhatIsSent);
        await alice.call('bob');
        await bob.page.click('#answer');
        await Promise.all([alice.waitForCall(), bob.waitForCall()]);
        await Promise.all([alice.seesVideo(), bob.seesVideo()]);

        // Nothing more is sent once both have gathered all they have.
        const sent = {};
        for (const [name, { page }] of Object.entries(people)) {
            await page.waitForFunction(() => globalThis.peerConnections.every((connection) =>
                connection.connectionState === 'closed' || connection.iceGatheringState === 'complete'));
            sent[name] = await page.evaluate(() => globalThis.sent);
        }
        const total = sent.alice.length + sent.bob.length;
        const count = (arrows) => arrows.reduce((sum, arrow) => sum + arrow.count, 0);
        const { arrows, lifelines } = await watcher.until({ do: 'arrows' }, ({ arrows }) =>
            count(arrows) === total && arrows.every(({ outcome }) => outcome === 'delivered'));
        assert.deepEqual([...lifelines].sort(), ['alice', 'bob', 'server']);

        // Each side's arrows are what its browser sent, in that order.
        for (const [name, other] of [['alice', 'bob'], ['bob', 'alice']]) {
            const shown = arrows.filter(({ from }) => from === name).flatMap(({ messages, to, kind }) =>
                messages.map(({ seq, payload }) => ({ seq, payload, to, kind }))).sort((a, b) => a.seq - b.seq);
            assert.deepEqual(shown.map(({ kind, to }) => [kind, to]), sent[name].map(({ type, to }) => [type, to]));
            assert.deepEqual(shown.map(({ payload }) => marks(payload)), sent[name].map(({ content }) => marks(content)));
            assert.ok(shown.every(({ to }) => to === other));
        }
        // And together: rows in the server's order, the offer first, no answer before it, no password anywhere.
        const first = arrows.map(({ messages }) => messages[0].seq);
        assert.deepEqual(first, [...first].sort((a, b) => a - b));
        const descriptions = arrows.filter(({ kind }) => ['offer', 'answer'].includes(kind)).map(({ kind, from }) => `${from} ${kind}`);
        assert.deepEqual(descriptions, ['alice offer', 'bob answer']);
        assert.equal(arrows[0].kind, 'offer');
        const text = JSON.stringify(arrows);
        assert.match(text, /a=ice-pwd:\*\*\*/);
        assert.doesNotMatch(text, /a=ice-pwd:[^*]/);

        // The tables: both sessions, their queues, what each sent and got.
        await watcher.ask({ do: 'open', page: 'sessions' });
        const { rows } = await watcher.until({ do: 'rows', page: 'sessions' }, ({ rows }) => rows.length === 2
            && rows.every(({ out, user }) => out === sent[user === 'alice' ? 'bob' : 'alice'].length));
        for (const row of rows) {
            assert.equal(row.state, 'acked');
            assert.equal(row.transport, 'websocket');
            assert.equal(row.in, sent[row.user].length);
            assert.equal(row.offers, 1);
            assert.equal(row.answers, 1);
            assert.equal(row.candidatesOut, sent[row.user].filter(({ type }) => type === 'candidate').length);
        }
        await watcher.ask({ do: 'open', page: 'queues' });
        const queues = await watcher.until({ do: 'rows', page: 'queues' }, (answer) => answer.rows.length === 2);
        assert.deepEqual(queues.rows.map(({ id }) => id).sort(), rows.map(({ id }) => id).sort());
        assert.ok(queues.rows.every(({ ready, consumers }) => ready === 0 && consumers === 1));
        const session = await watcher.ask({ do: 'session', user: 'alice' });
        assert.equal(session.arrows, arrows.length);
        assert.doesNotMatch(session.verdicts.join(), /never|glare|before|codec|arrive|ended/i);
        mkdirSync(pictures, { recursive: true });
        await watcher.ask({ do: 'picture', file: path(pictures, 'console-real-call.png') });

        // The console ends bob's session: his browser is told why, and comes back with a new one.
        const ended = rows.find(({ user }) => user === 'bob').id;
        await bob.page.evaluate(() => {
            globalThis.states = [];
            new MutationObserver(() => globalThis.states.push(document.getElementById('status').dataset.state))
                .observe(document.getElementById('status'), { attributeFilter: ['data-state'] });
        });
        const closed = await watcher.ask({ do: 'close', user: 'bob', reason: 'a test of the console' });
        assert.deepEqual([closed.asked, closed.done], [true, true]);
        assert.match(closed.said, /1 session/);
        await bob.page.waitForFunction(() => globalThis.states.includes('reconnecting') && globalThis.states.at(-1) === 'online');
        await bob.page.locator('#frame-list', { hasText: 'a test of the console' }).waitFor({ state: 'attached' });
        await watcher.ask({ do: 'open', page: 'sessions' });
        await watcher.until({ do: 'rows', page: 'sessions' }, (answer) => answer.rows.length === 2
            && answer.rows.every(({ id, state }) => id !== ended && state === 'acked'));
        assert.equal(await alice.page.evaluate(() => globalThis.peerConnections.at(-1).connectionState), 'connected');
        const { malformed, missed } = await watcher.ask({ do: 'link' });
        assert.deepEqual([malformed, missed], [0, 0]);
    }));
