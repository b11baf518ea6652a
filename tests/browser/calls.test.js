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

people('a call: video both ways, data channel both ways, and the end is seen on both sides', async ({ join }) => {
    const [alice, bob] = [await join('alice'), await join('bob', { colorScheme: 'dark' })];
    await alice.say('bob', 'Hi Bob, shall we try a call?', 'http');
    await bob.waitForText('.message .text', 'shall we');
    await bob.write('Yes, call me.', 'stomp');
    await alice.call('bob');
    await bob.waitForText('#call-state', 'alice is calling');
    await alice.waitForText('#call-hint', 'It rings there.');
    await bob.page.click('#answer');
    await Promise.all([alice.waitForCall(), bob.waitForCall()]);
    await Promise.all([alice.seesVideo(), bob.seesVideo()]);
    await alice.locate('#remote-video').waitFor();
    await alice.locate('#local-video').waitFor();

    await alice.write('By the data channel.', 'channel');
    await bob.waitForText('.message .text', 'By the data channel.');
    await bob.write('Both ways!', 'channel');
    await alice.waitForText('.message .text', 'Both ways!');

    await bob.page.click('#mute');
    assert.equal(await bob.locate('#mute').textContent(), 'Unmute');
    assert.deepEqual(await bob.page.evaluate(() => globalThis.peerConnections.at(-1).getSenders()
        .map(({ track }) => [track.kind, track.enabled]).sort()), [['audio', false], ['video', true]]);
    await bob.page.click('#mute');
    await alice.screenshot('call-desktop-light');
    await bob.screenshot('call-desktop-dark');

    await bob.page.click('#hang-up');
    await Promise.all([alice.waitForNoCall('bob hung up.'), bob.waitForNoCall('Call ended.')]);
    for (const person of [alice, bob]) {
        assert.equal(await person.page.evaluate(() => globalThis.peerConnections.every(({ connectionState }) => connectionState === 'closed')), true);
        assert.equal(await person.page.evaluate(() => document.getElementById('local-video').srcObject), null);
        assert.equal(await person.locate('#way-channel').isDisabled(), true);
    }
    await bob.call('alice'); // and once more, the other way round
    await alice.page.click('#answer');
    await Promise.all([alice.seesVideo(), bob.seesVideo()]);
});

people('both call at the same moment, again and again', async ({ join }) => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    await alice.page.fill('#peer-id', 'bob');
    await bob.page.fill('#peer-id', 'alice');
    for (let round = 0; round < 6; ++round) {
        await Promise.all([alice.page.click('#call'), bob.page.click('#call')]);
        await Promise.all([alice.waitForCall(), bob.waitForCall()]);
        await Promise.all([alice.seesVideo(), bob.seesVideo()]);
        await alice.write(`round ${round}`, 'channel');
        await bob.waitForText('.message .text', `round ${round}`);
        const [leaving, staying] = round % 2 ? [alice, bob] : [bob, alice];
        await leaving.page.click('#hang-up');
        await staying.waitForNoCall(`${leaving.name} hung up.`);
        await leaving.waitForNoCall();
    }
});

for (const [name, order] of [['the polite side', 'alice'], ['the impolite side', 'bob']]) {
    people(`two offers that cross on the way become one call, without camera on ${name}`, async ({ join }) => {
        const refuse = () => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); }; };
        const [alice, bob] = [await join('alice', order === 'alice' ? { before: refuse } : {}), await join('bob', order === 'bob' ? { before: refuse } : {})];
        const [blind, seeing] = order === 'alice' ? [alice, bob] : [bob, alice];
        await blind.call(seeing.name);
        await blind.locate('#notice-action').waitFor();
        await seeing.page.fill('#peer-id', blind.name);
        await Promise.all([blind.page.click('#notice-action'), seeing.page.click('#call')]);
        // Whether the offers crossed is up to chance: if not, it rings on one side.
        await Promise.all([[blind, '#answer-plain'], [seeing, '#answer']].map(async ([person, answer]) => {
            const rings = await person.page.waitForSelector('#stage[data-state=connected], #stage[data-state=ringing]')
                .then((stage) => stage.getAttribute('data-state')) === 'ringing';
            if (rings) await person.page.click(answer);
            await person.waitForCall();
        }));
        await blind.seesVideo();
        await seeing.waitForText('#call-hint', 'They send no picture.');
    });
}

people('candidates that come before their offer are kept', async ({ join }) => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    // Each offer of Alice's is held back until two candidates have gone out before it.
    await alice.page.evaluate(async () => {
        const { MessagingClient } = await import('./messaging-client.js');
        const { send } = MessagingClient.prototype;
        let held = null;
        let ahead = 0;
        MessagingClient.prototype.send = function (to, content) {
            if (content.type === 'offer' && !held) return new Promise((resolve) => { held = () => send.call(this, to, content).then(resolve); });
            if (content.type === 'candidate' && ++ahead === 2) return send.call(this, to, content).then(held);
            return send.call(this, to, content);
        };
    });
    await alice.call('bob');
    await bob.page.click('#answer');
    await Promise.all([alice.waitForCall(), bob.waitForCall()]);
    await Promise.all([alice.seesVideo(), bob.seesVideo()]);
});

/**
 * Two Calls in one page, the second made `lag` ms after the first; each message takes `delay` ms. Their offers
 * cross when delay > lag, and else one finds the other at some point of its own making.
 */
async function crossInOnePage({ media, order, delay, lag }) {
    const { Call } = await import('./call.js');
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));
    const log = [];
    const calls = {};
    const waiting = { alice: [], bob: [] };
    const give = (to, content) => {
        const call = calls[to];
        if (!call) return waiting[to].push(content);
        if (content.type === 'offer') call.adopt(content.call);
        if (call.knows(content.call)) call.receive(content);
    };
    for (const self of order) {
        const peer = self === 'alice' ? 'bob' : 'alice';
        calls[self] = new Call({ self, peer, iceServers: [], stream: media.includes(self) ? stream : null, send: async (content) => {
            if (content.type !== 'candidate') log.push(`${self} ${content.type}`);
            await sleep(delay);
            setTimeout(() => give(peer, content));
        } });
        calls[self].addEventListener('ended', ({ detail }) => log.push(`${self} ended ${detail.reason}`));
        calls[self].addEventListener('text', ({ detail }) => log.push(`${self} heard ${detail}`));
        for (const content of waiting[self]) give(self, content);
        if (lag) await sleep(lag);
    }
    const until = async (condition) => {
        const deadline = Date.now() + 20000;
        while (!condition()) {
            if (Date.now() > deadline) throw new Error(`too late: ${log.join(', ')}`);
            await sleep(5);
        }
    };
    await until(() => Object.values(calls).every((call) => call.connectionState === 'connected' && call.channelIsOpen));
    calls.alice.sendText('hello');
    await until(() => log.includes('bob heard hello'));
    calls.bob.hangUp();
    await until(() => log.includes('alice ended hung-up'));
    return log;
}

for (const media of [['alice', 'bob'], ['alice'], ['bob'], []]) {
    people(`offers become one call however they cross, with cameras of ${media.join(' and ') || 'nobody'}`, async ({ open }) => {
        const { page } = await open('anybody');
        for (const order of [['alice', 'bob'], ['bob', 'alice']]) {
            for (const [delay, lag] of [[0, 0], [0, 1], [0, 4], [1, 0], [2, 1], [4, 6], [15, 1], [100, 0]]) {
                const log = await page.evaluate(crossInOnePage, { media, order, delay, lag });
                if (delay === 100) assert.deepEqual(log.slice(0, 3).map((line) => line.split(' ')[1]), ['offer', 'offer', 'answer']);
                if (delay === 100) assert.equal(log[2], 'alice answer'); // whose name sorts first gives way
            }
        }
    });
}
