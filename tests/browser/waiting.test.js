// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the page shows of messages that wait, arrive, or do not; with a server that tells what became of them.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { FakeServer } from './fakeserver.js';
import { launch, withPeople } from './support/browser.js';
import { takeDown } from './support/client.js';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

const phone = { viewport: { width: 375, height: 812 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

function withPage(name, body) {
    test(name, { timeout: 100000 }, async () => {
        const server = await new FakeServer().start();
        server.resumeWindow = 30000;
        server.knowsRepeats = true;
        try {
            await withPeople(browser, server, (people) => body(server, people));
        } finally {
            await server.stop();
        }
    });
}

/** The state that the page shows of its latest message contains @p text. */
const showsState = (person, text) => person.locate('.message.mine').last().locator('.message-state').filter({ hasText: text }).waitFor();
/** The exchange-id that the latest message went out with. */
function watchIds(server) {
    const ids = [];
    server.onFrame = (socket, { command, headers }) => {
        if (command === 'SEND') ids.push(headers.get('exchange-id'));
        return false;
    };
    return ids;
}
const fits = async (person) => assert.ok(await person.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));

for (const [scheme, options] of [['light', phone], ['dark', { ...phone, colorScheme: 'dark' }], ['desktop', {}]]) {
    withPage(`what is written while the connection is away is shown to wait, and goes out (${scheme})`, async (server, { join }) => {
        const [alice, bob] = [await join('alice', options), await join('bob')];
        await alice.say('bob', 'before', 'stomp');
        await bob.waitForText('.message .text', 'before');
        const bringUp = takeDown(server, 'alice');
        await alice.page.waitForSelector('#status[data-state=reconnecting]');
        await alice.waitForText('#status-text', 'Reconnecting');
        assert.equal(await alice.locate('#waiting').isVisible(), false);
        await alice.write('first', 'stomp');
        await alice.waitForText('#waiting', 'One message waits to be sent.');
        await alice.write('second, by HTTP', 'http');
        await alice.waitForText('#waiting', 'Reconnecting. 2 messages wait to be sent.');
        await showsState(alice, 'waits for the connection');
        await fits(alice);
        await alice.locate('#message-form').scrollIntoViewIfNeeded();
        await alice.screenshot(`waiting-${scheme}`);
        bringUp();
        await bob.waitForText('.message .text', 'first');
        await bob.waitForText('.message .text', 'second, by HTTP');
        await alice.page.waitForSelector('#status[data-state=online]');
        await showsState(alice, '✓ delivered');
        assert.equal(await alice.locate('#waiting').isVisible(), false);
        assert.equal(await alice.locate('.message.waiting').count(), 0);
    });
}

withPage('a message is sent, then delivered; or not reachable', async (server, { join }) => {
    const [alice] = [await join('alice', phone), await join('bob')];
    const ids = watchIds(server);
    await alice.say('bob', 'one', 'stomp');
    await showsState(alice, '✓ sent');
    server.tell('alice', 'written', { messageId: 'm', exchangeId: ids.at(-1), toUserId: 'bob', state: 'written' });
    await showsState(alice, '✓ delivered');
    await alice.write('two', 'stomp');
    await showsState(alice, '✓ sent');
    server.tell('alice', 'failed', { messageId: 'm2', exchangeId: ids.at(-1), toUserId: 'bob', state: 'dropped', reason: 'session_ended' });
    await showsState(alice, 'not reachable: bob has left');
    await alice.write('three', 'stomp');
    await showsState(alice, '✓ sent');
    server.tell('alice', 'failed', { messageId: 'm3', exchangeId: ids.at(-1), toUserId: 'bob', state: 'expired' });
    await showsState(alice, 'not reachable: bob did not come in time');
    await alice.say('<b>nobody</b>', 'four', 'stomp');
    await showsState(alice, 'not reachable: <b>nobody</b> is not here');
    assert.equal(await alice.locate('.message b').count(), 0);
    assert.equal(await alice.locate('.message.failed').count(), 3);
    await fits(alice);
    await alice.locate('#message-form').scrollIntoViewIfNeeded();
    await alice.screenshot('states-phone-light');
});

withPage('a message that the server holds says whom it waits for', async (server, { join }) => {
    const alice = await join('alice');
    server.intercept = (request) => (request.url === '/exchange' ? { status: 202, body: { messageId: 'm', state: 'queued' } } : undefined);
    await alice.say('bob', 'one', 'http');
    await showsState(alice, '… waits for bob');
});

withPage('a server that drains is no error', async (server, { join }) => {
    const alice = await join('alice');
    server.tell('alice', 'draining', { reconnectAfter: 100 });
    await alice.page.evaluate(() => {
        globalThis.shown = [];
        new MutationObserver(() => globalThis.shown.push(document.getElementById('status-text').textContent))
            .observe(document.getElementById('status'), { subtree: true, childList: true });
    });
    server.sessionOf('alice').socket.close(1001, 'going away');
    await alice.page.waitForFunction(() => globalThis.shown.at(-1) === 'Online as alice');
    assert.deepEqual(await alice.page.evaluate(() => globalThis.shown), ['The server restarts. Reconnecting…', 'Online as alice']);
});
