// SPDX-License-Identifier: GPL-3.0-or-later
//
// The demo page: joins by a name, exchanges text, calls. What others wrote only ever becomes text.
import { MessagingClient } from './messaging-client.js';
import { Phone } from './phone.js';
import { FrameLog, element } from './framelog.js';
import { MessageList } from './messagelist.js';

const $ = (id) => document.getElementById(id);
const NAME_KEY = 'messaging-server.user';

const END_REASONS = {
    own: () => 'Call ended.',
    'hung-up': (peer) => `${peer} hung up.`,
    declined: (peer) => `${peer} declined the call.`,
    busy: (peer) => `${peer} is in another call.`,
    'no-answer': (peer) => `${peer} did not answer.`,
    missed: (peer) => `You missed a call from ${peer}.`,
    unreachable: (peer) => `${peer} is not here. Once they have opened this page under that name, call again.`,
    lost: (peer) => `The connection to ${peer} was lost.`,
    failed: (peer, error) => `The call with ${peer} failed${error ? `: ${error.message}` : '.'}`,
};

const MEDIA_PROBLEMS = {
    insecure: 'The browser gives camera and microphone only to pages on https or on localhost, and this page is on neither.',
    refused: 'The browser was not allowed to use the camera and microphone. You can change that in its address bar.',
    missing: 'This device has no camera and no microphone.',
    'in-use': 'The camera or the microphone is in use by another program.',
    failed: 'The camera and the microphone could not be opened.',
};

/** Calls are made of messages that do no harm when they come twice. */
const SIGNALING = { newSession: 'all' };

const frames = new FrameLog($('frame-list'));
const messages = new MessageList($('message-list'), showWaiting);
/** @type {MessagingClient | null} */
let client = null;
/** @type {Phone | null} */
let phone = null;
let answeredAt = 0;
let lastEnd = '';

// Joining and leaving

async function join(userId) {
    client = new MessagingClient({ server: new URL('.', location.href), userId });
    phone = new Phone({ self: userId, send: (to, content) => client.send(to, content, SIGNALING), iceServers: () => client.iceServers });
    client.addEventListener('frame', ({ detail }) => frames.add(detail));
    client.addEventListener('state', ({ detail }) => showState(detail));
    client.addEventListener('message', ({ detail }) => receive(detail));
    client.addEventListener('message-state', ({ detail }) => messages.tell(detail));
    for (const type of ['change', 'ended', 'media-problem', 'stream', 'text']) phone.addEventListener(type, phoneEvents[type]);
    showJoinProblem('');
    setJoining(true);
    try {
        await client.connect();
        remember(userId);
        showWorkspace(true);
        showPhone();
        $('peer-id').focus();
    } catch (error) {
        if (error.code !== 'closed') showJoinProblem(error.message);
        client = phone = null;
    } finally {
        setJoining(false);
    }
}

async function leave() {
    phone?.hangUp();
    phone = null;
    await client?.disconnect();
}

function setJoining(joining) {
    $('join-button').disabled = joining;
    $('user-id').readOnly = joining;
}

function showWorkspace(shown) {
    $('join').hidden = shown;
    $('workspace').hidden = $('leave').hidden = !shown;
    document.body.classList.toggle('joined', shown);
    if (!shown) $('user-id').focus();
}

function showJoinProblem(text) {
    $('join-problem').textContent = text;
    $('user-id').toggleAttribute('aria-invalid', text !== '');
}

function showState({ state, previous, attempt, retryIn, resumed, draining, error }) {
    $('status').dataset.state = state;
    $('status-text').textContent = {
        idle: () => 'Not connected',
        connecting: () => 'Connecting…',
        online: () => `Online as ${client.userId}`,
        reconnecting: () => (draining ? 'The server restarts. Reconnecting…'
            : `Reconnecting… Connection lost, try ${attempt} in ${Math.max(1, Math.round(retryIn / 1000))} s`),
        closed: () => 'Not connected',
    }[state]();
    if (state === 'online' || state === 'reconnecting') {
        messages.setConnected(state === 'online');
        phone?.setSignaling(state === 'online', previous === 'reconnecting' && !resumed);
    }
    if (state === 'closed' && !$('workspace').hidden) {
        phone?.hangUp();
        showWorkspace(false);
        if (error) showJoinProblem(`Disconnected: ${error.message}`);
    }
}

/** What people wrote and is still here, because the connection is away. */
function showWaiting(count) {
    $('waiting').hidden = count === 0;
    $('waiting-text').textContent = count === 0 ? '' : `Reconnecting. ${count === 1 ? 'One message waits' : `${count} messages wait`} to be sent.`;
}

/** The name survives a reload of this tab; without storage the page works as well. */
function remember(userId) {
    try {
        sessionStorage.setItem(NAME_KEY, userId);
    } catch { /* not allowed here */ }
}

function remembered() {
    try {
        return sessionStorage.getItem(NAME_KEY);
    } catch {
        return null;
    }
}

// Text

function receive({ from, content }) {
    if (phone?.receive(from, content)) return;
    const text = content?.type === 'text' && typeof content.text === 'string' ? content.text
        : typeof content === 'string' ? content : JSON.stringify(content);
    addMessage({ name: from, text, way: '' });
    if ($('peer-id').value === '') $('peer-id').value = from;
}

function addMessage(message) {
    $('messages-empty').hidden = true;
    return messages.add(message);
}

async function sendText(text) {
    const way = document.querySelector('input[name=way]:checked').value;
    const peer = way === 'channel' ? phone.call?.peer : peerName();
    if (!peer) return;
    const message = addMessage({ name: peer, text, way: { http: 'HTTP', stomp: 'STOMP', channel: 'data channel' }[way], mine: true });
    try {
        if (way === 'channel') phone.call.sendText(text);
        else {
            const options = { exchangeId: message.id, notify: true };
            const content = { type: 'text', text };
            message.begin();
            const { state = 'sent' } = way === 'stomp' ? await client.send(peer, content, options) : await client.exchange(peer, content, options);
            message.accepted(state);
        }
    } catch (error) {
        message.failed(error);
    }
}

/** Whom one talks to; asks for a name where there is none. */
function peerName() {
    const input = $('peer-id');
    const name = input.value.trim();
    if (name === '' || name === client.userId) {
        notify(name === '' ? 'Whom do you want to talk to? Enter their name above.' : 'That is your own name. Enter somebody else’s.');
        input.focus();
        return null;
    }
    return name;
}

// Calls

const phoneEvents = {
    change: () => showPhone(),
    stream: ({ detail }) => {
        if ($('remote-video').srcObject !== detail) $('remote-video').srcObject = detail;
        showPhone();
    },
    text: ({ detail }) => addMessage({ name: detail.from, text: detail.text, way: 'data channel' }),
    ended: ({ detail: { peer, reason, error } }) => {
        lastEnd = END_REASONS[reason](peer, error);
        showPhone();
    },
    'media-problem': ({ detail: { kind, peer, answering } }) => {
        notify(MEDIA_PROBLEMS[kind], answering ? 'Answer without camera' : 'Call without camera',
            () => (answering ? phone?.answer(false) : phone?.dial(peer, false)));
    },
};

function dial() {
    const peer = peerName();
    if (!peer) return;
    hideNotice();
    phone.dial(peer);
}

/** Shows the line's state as it is now. */
function showPhone() {
    const { state = 'idle', peer = '', call = null, stream = null } = phone ?? {};
    const connected = state === 'active' && call.connectionState === 'connected';
    const remote = $('remote-video').srcObject;
    const seesVideo = connected && Boolean(remote?.getVideoTracks().some((track) => !track.muted));

    $('stage').dataset.state = connected ? 'connected' : state;
    const isFree = state === 'idle' || state === 'ringing'; // while it rings one may go on typing somebody else's name
    $('peer-id').readOnly = !isFree;
    if (state !== 'idle') lastEnd = '';
    if (!isFree || (state === 'ringing' && $('peer-id').value === '')) $('peer-id').value = peer;
    showWhetherCallable();
    document.title = state === 'ringing' ? `☎ ${peer} is calling` : 'messaging-server';

    if (state === 'idle') remote && ($('remote-video').srcObject = null);
    $('remote-video').hidden = !seesVideo;
    for (const track of remote?.getVideoTracks() ?? []) track.onmute = track.onunmute = showPhone;
    if ($('local-video').srcObject !== stream) $('local-video').srcObject = stream;
    $('local-video').hidden = !stream?.getVideoTracks().some((track) => track.enabled);

    $('placeholder').hidden = seesVideo;
    $('avatar').textContent = [...(peer ?? '')][0]?.toUpperCase() ?? '';
    $('avatar').hidden = !peer;
    const [headline, hint] = describe(state, peer, connected);
    if ($('call-state').textContent !== headline) $('call-state').textContent = headline;
    $('call-hint').textContent = hint;
    $('ringing').hidden = state !== 'ringing';
    $('second-window').hidden = state !== 'idle' || lastEnd !== '';

    $('controls').hidden = state === 'idle' || state === 'ringing';
    showToggle('mute', stream?.getAudioTracks()[0], 'mic', 'Mute', 'Unmute');
    showToggle('camera', stream?.getVideoTracks()[0], 'camera', 'Stop video', 'Start video');

    $('way-channel').disabled = !call?.channelIsOpen;
    if ($('way-channel').disabled && $('way-channel').checked) $('way-http').checked = true;

    if (connected) answeredAt ||= Date.now();
    else if (state === 'idle') answeredAt = 0;
    $('call-chip').hidden = !connected;
    $('call-peer').textContent = peer;
    showTime();
}

/** To call whoever is calling right now is to answer. */
function showWhetherCallable() {
    const { state = 'idle', peer = '' } = phone ?? {};
    $('call').disabled = state !== 'idle' && !(state === 'ringing' && $('peer-id').value.trim() === peer);
}

function describe(state, peer, connected) {
    const away = client?.state === 'reconnecting';
    switch (state) {
    case 'starting': return ['Waiting for camera and microphone', 'Your browser may ask you to allow them.'];
    case 'calling': return [`Calling ${peer}…`, away ? 'The connection to the server is away. The call goes on when it is back.' : phone.offered ? 'It rings there.' : ''];
    case 'ringing': return [`${peer} is calling`, ''];
    case 'active': return connected ? [`Talking to ${peer}`, 'They send no picture.']
        : [`Connecting to ${peer}…`, away ? 'The connection to the server is away. The call goes on when it is back.' : ''];
    default: return [lastEnd || 'No call', lastEnd ? '' : 'Enter a name above and press Call.'];
    }
}

function showToggle(id, track, icon, on, off) {
    const button = $(id);
    button.hidden = !track;
    const isOff = Boolean(track && !track.enabled);
    button.classList.toggle('off', isOff);
    button.querySelector('span').textContent = isOff ? off : on;
    button.querySelector('use').setAttribute('href', `#i-${icon}${isOff ? '-off' : ''}`);
}

function toggle(track) {
    if (track) track.enabled = !track.enabled;
    showPhone();
}

function showTime() {
    const seconds = answeredAt ? Math.floor((Date.now() - answeredAt) / 1000) : 0;
    $('call-time').textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

// Notices

function notify(text, action, onAction) {
    $('notice-text').textContent = text;
    $('notice-action').hidden = !action;
    $('notice-action').textContent = action ?? '';
    $('notice-action').onclick = () => {
        hideNotice();
        onAction();
    };
    $('notice').hidden = false;
}

function hideNotice() {
    $('notice').hidden = true;
}

// What people do

$('join-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const name = $('user-id').value.trim();
    if (name === '') showJoinProblem('Please enter a name.');
    else join(name);
});
$('leave').addEventListener('click', leave);
$('peer-form').addEventListener('submit', (event) => {
    event.preventDefault();
    dial();
});
$('peer-id').addEventListener('input', () => {
    hideNotice();
    showWhetherCallable();
});
$('answer').addEventListener('click', () => phone.answer());
$('answer-plain').addEventListener('click', () => phone.answer(false));
for (const id of ['decline', 'hang-up']) $(id).addEventListener('click', () => phone.hangUp());
$('mute').addEventListener('click', () => toggle(phone.stream?.getAudioTracks()[0]));
$('camera').addEventListener('click', () => toggle(phone.stream?.getVideoTracks()[0]));
$('message-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const text = $('message-text').value;
    if (text === '' || !peerName()) return;
    $('message-text').value = '';
    sendText(text);
});
$('notice-close').addEventListener('click', hideNotice);
$('show-beats').addEventListener('change', ({ target }) => $('frame-list').classList.toggle('with-beats', target.checked));
$('clear-frames').addEventListener('click', () => frames.clear());
addEventListener('pagehide', leave);
setInterval(() => { if (answeredAt) showTime(); }, 1000);

$('user-id').value = new URLSearchParams(location.search).get('user') ?? remembered() ?? '';
$('user-id').focus();
