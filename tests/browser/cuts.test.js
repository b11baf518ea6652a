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

/**
 * Two Calls in one page. All candidates are lost, and all else after the first `through` messages; then the session of `forgetful` is
 * another one, and messages get through again.
 */
async function loseInOnePage({ through, forgetful }) {
    const { Call } = await import('./call.js');
    const calls = {};
    const log = [];
    let losing = true;
    const until = async (condition) => {
        const deadline = Date.now() + 20000;
        while (!condition()) {
            if (Date.now() > deadline) throw new Error(`too late: ${log.join(', ')}`);
            await new Promise((resolve) => setTimeout(resolve, 5));
        }
    };
    const make = (self, peer, id) => {
        const call = new Call({ self, peer, id, iceServers: [], stream: null, send: async (content) => {
            if (losing && content.type === 'candidate') return;
            log.push(`${self} ${content.type}`);
            if (losing && log.length > through) return;
            const sdp = losing ? content.sdp.replace(/a=candidate.*\r\n/g, '') : content.sdp;
            setTimeout(() => {
                calls[peer] ??= make(peer, self, content.call);
                calls[peer].receive(content.type === 'candidate' ? content : { ...content, sdp });
            });
        } });
        call.addEventListener('ended', ({ detail }) => log.push(`${self} ended ${detail.reason}`));
        call.addEventListener('answered', () => log.push(`${self} answered`));
        return call;
    };
    calls.alice = make('alice', 'bob');
    await until(() => log.includes(through === 1 ? 'bob answer' : 'alice answered'));
    calls[forgetful].setSignaling(false);
    losing = false;
    const before = log.length;
    calls[forgetful].setSignaling(true, true);
    await until(() => Object.values(calls).every((call) => call.connectionState === 'connected' && call.channelIsOpen));
    return log.slice(before).filter((line) => !line.endsWith('candidate'));
}

for (const [name, through, forgetful] of [['an answer', 1, 'alice'], ['candidates', 2, 'alice'], ['candidates', 2, 'bob']]) {
    test(`${name} lost with ${forgetful}'s session: the peer is asked again`, { timeout: 100000 }, () => withPeople(browser, daemon, async ({ open }) => {
        const { page } = await open('anybody');
        const log = await page.evaluate(loseInOnePage, { through, forgetful });
        const peer = forgetful === 'alice' ? 'bob' : 'alice';
        assert.deepEqual(log.slice(0, 2), [`${forgetful} offer`, `${peer} answer`]);
    }));
}
