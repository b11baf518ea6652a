// SPDX-License-Identifier: GPL-3.0-or-later
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../../', import.meta.url));
const binary = process.env.MSGSRV_BIN ?? join(repository, 'build/release/bin/messaging-server');

/** The real daemon, with a state directory of its own that is removed at its end. */
export class Daemon {
    #process;
    #folder;
    #errors = '';

    /**
     * Resolves when it is ready.
     * @param {Record<string, string>} [settings] by configuration key
     * @param {string} [configuration] TOML, for what settings cannot say
     */
    static async start(settings = {}, configuration = '') {
        const daemon = new Daemon();
        daemon.#folder = mkdtempSync(join(tmpdir(), 'messaging-server-test-'));
        const all = { 'http.listen': '127.0.0.1:0', 'stomp.listen': '127.0.0.1:0', 'internal.listen': '127.0.0.1:0', ...settings };
        const file = join(daemon.#folder, 'configuration.toml');
        if (configuration) writeFileSync(file, configuration);
        daemon.#process = spawn(binary, [...(configuration ? ['--config', file] : []),
            ...Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${value}`])], {
            cwd: daemon.#folder, stdio: ['ignore', 'pipe', 'pipe'],
            env: { ...process.env, HOME: daemon.#folder, STATE_DIRECTORY: daemon.#folder, RUNTIME_DIRECTORY: daemon.#folder },
        });
        daemon.#process.stderr.on('data', (data) => { daemon.#errors += data; });
        daemon.#process.stdout.resume();
        daemon.listens = await new Promise((resolve, reject) => {
            createInterface(daemon.#process.stdout).on('line', (line) => {
                if (line.startsWith('ready ')) resolve(JSON.parse(line.slice('ready '.length)));
            });
            daemon.#process.on('error', reject);
            daemon.#process.on('exit', (code, signal) => reject(new Error(`the daemon ended (${code ?? signal}): ${daemon.#errors}`)));
        });
        daemon.url = `${settings['tls.certificate'] ? 'https' : 'http'}://${daemon.listens.http}`;
        return daemon;
    }

    get log() { return this.#errors; }

    async stop() {
        if (this.#process.exitCode === null && this.#process.signalCode === null) {
            const ended = new Promise((resolve) => this.#process.once('exit', resolve));
            this.#process.kill('SIGTERM');
            const impatient = setTimeout(() => this.#process.kill('SIGKILL'), 10000);
            await ended;
            clearTimeout(impatient);
        }
        rmSync(this.#folder, { recursive: true, force: true });
        return this.#process.exitCode;
    }
}

/** A self-signed certificate for 127.0.0.1, in a folder that the caller removes. */
export function makeCertificate() {
    const folder = mkdtempSync(join(tmpdir(), 'messaging-server-tls-'));
    const [certificate, key] = ['certificate.pem', 'key.pem'].map((name) => join(folder, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
        '-subj', '/CN=messaging-server test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost',
        '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    return { folder, certificate, key };
}

/** A port of 127.0.0.1 that nobody listens on. */
export function freePort() {
    return new Promise((resolve) => {
        const server = createServer().listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}
