// SPDX-License-Identifier: GPL-3.0-or-later
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { launch, withPeople } from './support/browser.js';
import { Daemon } from './support/daemon.js';

let daemon;
let browser;
before(async () => {
    daemon = await Daemon.start();
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

const people = (name, body) => test(name, { timeout: 100000 }, () => withPeople(browser, daemon, body));

/** The browser itself puts an HTTP error into the console. */
function expectHttpError(person, status) {
    const index = person.complaints.findIndex((line) => line.includes(`status of ${status}`));
    assert.ok(index >= 0, `no ${status} in the console of ${person.name}`);
    person.complaints.splice(index, 1);
}

for (const [way, accepted] of [['http', /✓ delivered/], ['stomp', /✓ (sent|delivered)/]]) {
    people(`two people exchange text by ${way}`, async ({ join }) => {
        const [alice, bob] = [await join('alice'), await join('Bob Müller/Straße 1%')];
        await alice.say(bob.name, 'Hello, Bob! 👋', way);
        await bob.waitForText('.message .text', 'Hello, Bob! 👋');
        await bob.waitForText('.message .meta bdi', 'alice');
        await alice.waitForText('.message.mine .message-state', accepted);
        assert.equal(await bob.locate('#peer-id').inputValue(), 'alice'); // ready to answer
        await bob.write('Hello, Alice!', way);
        await alice.waitForText('.message .text', 'Hello, Alice!');
        assert.equal(await alice.page.title(), 'messaging-server');
    });
}

people('a message to somebody who is not there says so', async ({ join }) => {
    const alice = await join('alice');
    await alice.say('nobody', 'Are you there?', 'stomp');
    await alice.waitForText('.message.failed .message-state', 'not reachable: nobody is not here');
    await alice.say('nobody either', 'Are you there?', 'http');
    await alice.waitForText('.message.failed .message-state', 'not reachable: nobody either is not here');
    expectHttpError(alice, 404);
});

people('the frames are shown, and no key with them', async ({ join }) => {
    const alice = await join('alice');
    await alice.waitForText('.frame-list summary', 'POST /connect');
    await alice.waitForText('.frame-list summary', 'CONNECTED');
    for (const summary of await alice.locate('.frame-list summary').all()) await summary.click();
    await alice.waitForText('.frame-list pre', 'passcode:***');
    assert.ok(!(await alice.locate('.frame-list').textContent()).includes('queue.'));
    assert.equal(await alice.page.workers().length, 1); // that of the heart-beats
    await alice.page.click('#clear-frames');
    await alice.locate('.frame-list li').first().waitFor({ state: 'detached' });
});

people('a name that is taken is refused with a sentence', async ({ join, open }) => {
    await join('alice');
    const second = await open('alice');
    await second.page.click('#join-button');
    await second.waitForText('#join-problem', /\S/);
    await second.page.waitForSelector('#status[data-state=closed]');
    await second.page.fill('#user-id', 'alice the second');
    await second.page.click('#join-button');
    await second.page.waitForSelector('#status[data-state=online]');
    expectHttpError(second, 409);
});

people('the name comes from the address, and survives a reload', async ({ join, open }) => {
    const fresh = await open('carol', { query: '' });
    assert.equal(await fresh.locate('#user-id').inputValue(), '');
    const alice = await join('alice');
    await alice.page.goto(`${daemon.url}/`);
    assert.equal(await alice.locate('#user-id').inputValue(), 'alice');
    await alice.page.click('#join-button');
    await alice.page.waitForSelector('#status[data-state=online]');
});

people('whoever leaves can be followed by another of that name at once', async ({ join }) => {
    const alice = await join('alice');
    await alice.page.click('#leave');
    await alice.page.waitForSelector('#join:not([hidden])');
    await alice.page.click('#join-button');
    await alice.page.waitForSelector('#status[data-state=online]');
    await alice.close();
    await join('alice');
});

people('a phone: nothing is wider than the screen, and a call fits', async ({ join, open }) => {
    const phone = { viewport: { width: 375, height: 812 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
    const fits = async (person) => assert.ok(await person.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    const waiting = await open('carol', phone);
    await fits(waiting);
    await waiting.screenshot('join-phone-light');
    const [alice, bob] = [await join('alice', phone), await join('bob', { ...phone, colorScheme: 'dark' })];
    await alice.say('bob', 'a-very-long-word-'.repeat(20), 'http');
    await bob.waitForText('.message .text', 'a-very-long-word');
    await fits(alice);
    await alice.call('bob');
    await bob.page.waitForSelector('#stage[data-state=ringing]');
    await bob.page.locator('#stage').scrollIntoViewIfNeeded();
    await fits(bob);
    await bob.screenshot('ringing-phone-dark');
    await bob.page.click('#answer');
    await Promise.all([alice.seesVideo(), bob.seesVideo()]);
    await fits(alice);
    await alice.screenshot('call-phone-light', { fullPage: true });
    await bob.screenshot('call-phone-dark', { fullPage: true });
});

people('the keyboard alone is enough, with a visible focus', async ({ open, join }) => {
    const bob = await join('bob');
    const alice = await open('alice');
    const { keyboard } = alice.page;
    const focused = () => alice.page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement.matches('input[type=radio]')
            ? document.activeElement.nextElementSibling : document.activeElement);
        return { id: document.activeElement.id, visible: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 };
    });
    await keyboard.press('Enter'); // the name has the focus already
    await alice.page.waitForSelector('#status[data-state=online]');
    assert.deepEqual(await focused(), { id: 'peer-id', visible: true });
    await keyboard.type('bob');
    await keyboard.press('Tab');
    assert.deepEqual(await focused(), { id: 'call', visible: true });
    await keyboard.press('Enter');
    await bob.page.waitForSelector('#stage[data-state=ringing]');
    await bob.page.keyboard.press('Tab');
    await bob.page.locator('#answer').focus();
    await bob.page.keyboard.press('Enter');
    await alice.waitForCall();

    const reached = new Set();
    await alice.page.locator('#leave').focus();
    for (let step = 0; step < 60; ++step) {
        await keyboard.press('Tab');
        const { id, visible } = await focused();
        if (id) assert.ok(visible, `the focus on ${id} is not visible`);
        reached.add(id);
    }
    for (const id of ['leave', 'peer-id', 'mute', 'camera', 'hang-up', 'way-http', 'message-text', 'send', 'show-beats', 'clear-frames'])
        assert.ok(reached.has(id), `${id} is not reached by Tab: ${[...reached]}`);
    await alice.page.locator('#hang-up').focus();
    await keyboard.press('Space');
    await bob.waitForNoCall('alice hung up.');
});

people('every control has a name, and states are told by text in live regions', async ({ join }) => {
    const alice = await join('alice');
    const unnamed = await alice.page.evaluate(() => [...document.querySelectorAll('button, input')]
        .filter((control) => !control.closest('[hidden]') && !(control.textContent.trim() || control.labels?.length || control.getAttribute('aria-label')))
        .map(({ outerHTML }) => outerHTML));
    assert.deepEqual(unnamed, []);
    await alice.page.getByRole('status').filter({ hasText: 'Online as alice' }).waitFor();
    await alice.page.getByRole('log', { name: 'Messages' }).waitFor({ state: 'attached' });
    await alice.screenshot('joined-desktop-light');
});

test('the page comes back when the daemon is started again', { timeout: 100000 }, async () => {
    const first = await Daemon.start();
    let second;
    try {
        await withPeople(browser, first, async ({ join }) => {
            const alice = await join('alice');
            await first.stop();
            await alice.waitForText('#status-text', 'Connection lost');
            second = await Daemon.start({ 'http.listen': first.listens.http, 'stomp.listen': first.listens.stomp });
            await alice.page.evaluate(() => dispatchEvent(new Event('online')));
            await alice.page.waitForSelector('#status[data-state=online]');
            await alice.page.fill('#peer-id', 'nobody');
            await alice.write('Are you there?', 'stomp');
            await alice.waitForText('.message.failed', 'nobody is not here');
            alice.complaints = alice.complaints.filter((line) => !/ERR_CONNECTION_REFUSED|status of 503/.test(line)); // as it had to be
        });
    } finally {
        await first.stop();
        await second?.stop();
    }
});
