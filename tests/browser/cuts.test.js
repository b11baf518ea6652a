// SPDX-License-Identifier: GPL-3.0-or-later
//
// The connection to the server is away for ten seconds while two people call each other: the call is made all the same, and nobody
// has to do anything for it.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { launch, withPeople } from './support/browser.js';
import { Daemon, freePort } from './support/daemon.js';
import { Proxy } from './support/proxy.js';

const AWAY = 10000;

let daemon;
let browser;
before(async () => {
    const address = `127.0.0.1:${await freePort()}`; // one port for HTTP and WebSocket
    daemon = await Daemon.start({ 'http.listen': address, 'stomp.listen': address });
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

/** Two people behind a proxy of their own. */
function behindProxy(name, body) {
    test(name, { timeout: 100000 }, async () => {
        const proxy = await Proxy.to(daemon.listens.http);
        try {
            await withPeople(browser, { url: proxy.url }, async ({ join }) => {
                const people = [await join('alice'), await join('bob')];
                await body(...people, proxy);
                // The browser itself tells of connections that fail; nobody else has anything to complain of.
                for (const person of people)
                    person.complaints = person.complaints.filter((line) => !/ERR_CONNECTION_(REFUSED|RESET|CLOSED)|ERR_EMPTY_RESPONSE/.test(line));
            });
        } finally {
            await proxy.stop();
        }
    });
}

const sends = (type) => (text) => text.startsWith('SEND\n') && text.includes(`"type":"${type}"`);

/** True for the first candidate after an answer. */
function firstCandidateAfterAnswer() {
    let answered = false;
    return (text) => {
        if (sends('answer')(text)) answered = true;
        return answered && sends('candidate')(text);
    };
}

const cuts = [
    ['stalls before the offer', sends('offer'), 'before', 'stall'],
    ['stalls right after the offer', sends('offer'), 'answered', 'stall'],
    ['breaks before the offer has arrived', sends('offer'), 'before', 'cut'],
    ['breaks right after the offer, before that is confirmed', sends('offer'), 'answered', 'cut'],
    ['breaks before the answer has arrived', sends('answer'), 'before', 'cut'],
    ['breaks right after the answer, before that is confirmed', sends('answer'), 'answered', 'cut'],
    ['breaks between answer and candidates', firstCandidateAfterAnswer(), 'before', 'cut'],
];

for (const [name, isIt, when, how] of cuts) {
    behindProxy(`a call is made although the connection ${name}`, async (alice, bob, proxy) => {
        const happened = proxy.once(isIt, when, () => proxy[how](AWAY));
        await alice.call('bob');
        await bob.page.click('#answer');
        await happened;
        await Promise.all([alice.waitForCall(), bob.waitForCall()]);
        // Media need no server: they may flow before it is back, and do not mind when it is.
        await Promise.all([alice, bob].map(({ page }) => page.waitForSelector('#status[data-state=online]')));
        await Promise.all([alice.seesVideo(), bob.seesVideo()]);
        await alice.write('By the data channel.', 'channel');
        await bob.waitForText('.message .text', 'By the data channel.');
        await bob.write('Both ways!', 'channel');
        await alice.waitForText('.message .text', 'Both ways!');
        assert.equal(await alice.locate('#notice').isVisible(), false);
    });
}

behindProxy('what is written while the connection is away arrives when it is back, in order and once', async (alice, bob, proxy) => {
    const isText = (text) => sends('text')(text) && text.includes('two');
    await alice.say('bob', 'one', 'stomp');
    await bob.waitForText('.message .text', 'one');
    const happened = proxy.once(isText, 'answered', () => proxy.cut());
    await alice.write('two', 'stomp'); // arrives, and Alice does not know
    await happened;
    await alice.page.waitForSelector('#status[data-state=reconnecting]');
    await alice.write('three', 'stomp');
    await alice.write('four', 'stomp');
    await alice.waitForText('#waiting', '3 messages wait to be sent.');
    await proxy.restore();
    await alice.page.waitForSelector('#status[data-state=online]');
    await bob.waitForText('.message .text', 'four');
    await alice.write('five, by HTTP', 'http');
    await bob.waitForText('.message .text', 'five');
    assert.deepEqual(await bob.locate('.message .text').allTextContents(), ['one', 'two', 'three', 'four', 'five, by HTTP']);
    assert.equal(await alice.locate('.message.failed').count(), 0);
});
