// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/stompclient.h"

#include "tests/support/wait.h"

#include <QJsonDocument>

namespace msgsrv::test {

namespace {

QByteArray escaped(QByteArray text)
{
    return text.replace('\\', "\\\\").replace('\r', "\\r").replace('\n', "\\n").replace(':', "\\c");
}

std::optional<QByteArray> unescaped(const QByteArray &text)
{
    QByteArray plain;
    for (qsizetype i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            plain += text[i];
            continue;
        }
        switch (++i < text.size() ? text[i] : '\0') {
        case '\\':
            plain += '\\';
            break;
        case 'r':
            plain += '\r';
            break;
        case 'n':
            plain += '\n';
            break;
        case 'c':
            plain += ':';
            break;
        default:
            return std::nullopt;
        }
    }
    return plain;
}

} // namespace

QByteArray StompFrame::header(const char *name) const
{
    for (const auto &[key, value] : headers) {
        if (key == name)
            return value;
    }
    return {};
}

QJsonObject StompFrame::json() const
{
    return QJsonDocument::fromJson(body).object();
}

QByteArray stompBytes(const QByteArray &command, const Headers &headers, const QByteArray &body)
{
    const bool plain = command == "CONNECT" || command == "STOMP";
    QByteArray bytes = command + '\n';
    for (const auto &[name, value] : headers)
        bytes += plain ? name + ':' + value + '\n' : escaped(name) + ':' + escaped(value) + '\n';
    if (!body.isEmpty())
        bytes += "content-length:" + QByteArray::number(body.size()) + '\n';
    return bytes + '\n' + body + '\0';
}

StompClient::StompClient(const QByteArray &address, const WebSocketClient::Options &options)
    : m_webSocket(address, options)
{
    connect(&m_webSocket, &WebSocketClient::messageArrived, this, &StompClient::onMessages);
    connect(&m_beat, &QTimer::timeout, this, [this] {
        if (m_webSocket.isOpen())
            m_webSocket.sendText("\n");
    });
}

void StompClient::send(const QByteArray &command, const Headers &headers, const QByteArray &body)
{
    m_webSocket.sendText(stompBytes(command, headers, body));
}

StompFrame StompClient::sendForReceipt(const QByteArray &command, Headers headers, const QByteArray &body)
{
    const QByteArray id = "receipt-" + QByteArray::number(++m_receipts);
    headers.append({"receipt", id});
    send(command, headers, body);
    StompFrame answer;
    const bool came = waitUntil([&] {
        for (qsizetype i = 0; i < m_frames.size(); ++i) {
            const StompFrame &frame = m_frames[i];
            if (frame.command == "ERROR"
                || (frame.command == "RECEIPT" && frame.header("receipt-id") == id)) {
                answer = m_frames.takeAt(i);
                return true;
            }
        }
        return m_webSocket.isClosed();
    });
    if (!came)
        qWarning("no receipt for %s", command.constData());
    return answer;
}

StompFrame StompClient::connectAs(const QByteArray &login, const QByteArray &passcode, const Headers &further)
{
    if (!waitForOpen())
        return {};
    send("CONNECT",
         Headers{{"accept-version", "1.2"}, {"host", "test"}, {"login", login}, {"passcode", passcode}}
             + further);
    StompFrame answer;
    (void)waitUntil([&] {
        for (qsizetype i = 0; i < m_frames.size(); ++i) {
            if (m_frames[i].command == "CONNECTED" || m_frames[i].command == "ERROR") {
                answer = m_frames.takeAt(i);
                return true;
            }
        }
        return m_webSocket.isClosed();
    });
    return answer;
}

void StompClient::beatEvery(int milliseconds)
{
    if (milliseconds > 0)
        m_beat.start(milliseconds);
    else
        m_beat.stop();
}

StompFrame StompClient::next(const QByteArray &command, int timeoutMs)
{
    StompFrame found;
    (void)waitUntil(
        [&] {
            for (qsizetype i = 0; i < m_frames.size(); ++i) {
                if (m_frames[i].command == command) {
                    found = m_frames.takeAt(i);
                    return true;
                }
            }
            return m_webSocket.isClosed();
        },
        timeoutMs);
    return found;
}

QList<StompFrame> StompClient::takeMessages()
{
    QList<StompFrame> messages;
    for (qsizetype i = 0; i < m_frames.size();) {
        if (m_frames[i].command == "MESSAGE")
            messages.append(m_frames.takeAt(i));
        else
            ++i;
    }
    return messages;
}

void StompClient::onMessages()
{
    const QList<WebSocketClient::Message> messages = m_webSocket.takeMessages();
    for (const WebSocketClient::Message &message : messages) {
        if (message.bytes == "\n")
            ++m_beatsSeen;
        else
            onMessage(message.bytes);
    }
}

void StompClient::onMessage(const QByteArray &bytes)
{
    const qsizetype headEnd = bytes.indexOf("\n\n");
    if (headEnd < 0) {
        m_violations.append("no frame: " + bytes.left(100));
        return;
    }
    const QList<QByteArray> lines = bytes.left(headEnd).split('\n');
    StompFrame frame;
    frame.command = lines.first();
    for (const QByteArray &line : lines.mid(1)) {
        const qsizetype colon = line.indexOf(':');
        const bool plain = frame.command == "CONNECTED";
        const auto name = plain ? line.left(colon) : unescaped(line.left(colon));
        const auto value = plain ? line.mid(colon + 1) : unescaped(line.mid(colon + 1));
        if (colon < 1 || !name || !value || value->isNull())
            m_violations.append("bad header: " + line);
        else
            frame.headers.append({*name, *value});
    }
    const QByteArray rest = bytes.mid(headEnd + 2);
    const QByteArray length = frame.header("content-length");
    frame.body = length.isNull() ? rest.left(rest.indexOf('\0')) : rest.left(length.toLongLong());
    if (rest.mid(frame.body.size()) != QByteArray(1, '\0'))
        m_violations.append("a WebSocket message is not one whole frame: " + bytes.left(100));
    if (length.isNull() && !frame.body.isEmpty())
        m_violations.append("a body without content-length in " + frame.command);
    m_frames.append(frame);
    emit frameArrived();
}

} // namespace msgsrv::test
