// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/websocketclient.h"

#include "tests/support/wait.h"

#include <QCryptographicHash>
#include <QRandomGenerator>
#include <QtEndian>

namespace msgsrv::test {

WebSocketClient::WebSocketClient(const QByteArray &address)
    : WebSocketClient(address, Options())
{ }

WebSocketClient::WebSocketClient(const QByteArray &address, const Options &options)
    : m_options(options)
    , m_socket(openSocket(address, options.tls))
{
    std::array<quint32, 4> nonce{};
    QRandomGenerator::global()->fillRange(nonce.data(), nonce.size());
    m_key = QByteArray(reinterpret_cast<const char *>(nonce.data()), sizeof nonce).toBase64();

    Headers headers{{"Upgrade", "websocket"},
                    {"Connection", "Upgrade"},
                    {"Sec-WebSocket-Version", "13"},
                    {"Sec-WebSocket-Key", m_key}};
    if (!options.subprotocols.isEmpty())
        headers.append({"Sec-WebSocket-Protocol", options.subprotocols});
    if (!options.origin.isEmpty())
        headers.append({"Origin", options.origin});
    connect(m_socket.get(), &QTcpSocket::readyRead, this, &WebSocketClient::onReadyRead);
    connect(m_socket.get(), &QTcpSocket::disconnected, this, &WebSocketClient::onDisconnected);
    connect(m_socket.get(), &QTcpSocket::errorOccurred, this, &WebSocketClient::onDisconnected);
    m_socket->write(httpRequest("GET", options.path, address, headers + options.headers));
}

bool WebSocketClient::waitForOpen()
{
    return waitUntil([this] { return m_open || m_closed || m_handshake.status != 0; }) && m_open;
}

bool WebSocketClient::waitForClosed()
{
    return waitUntil([this] { return m_closed; });
}

void WebSocketClient::sendFrame(int opcode, const QByteArray &payload, bool final, bool masked)
{
    QByteArray frame;
    frame += char((final ? 0x80 : 0) | opcode);
    const char maskBit = masked ? char(0x80) : char(0);
    if (payload.size() < 126) {
        frame += char(maskBit | char(payload.size()));
    } else if (payload.size() < 65536) {
        frame += char(maskBit | 126);
        frame.resize(4);
        qToBigEndian(quint16(payload.size()), frame.data() + 2);
    } else {
        frame += char(maskBit | 127);
        frame.resize(10);
        qToBigEndian(quint64(payload.size()), frame.data() + 2);
    }
    if (!masked) {
        m_socket->write(frame + payload);
        return;
    }
    const quint32 random = QRandomGenerator::global()->generate();
    const QByteArray mask(reinterpret_cast<const char *>(&random), 4);
    QByteArray hidden = payload;
    for (qsizetype i = 0; i < hidden.size(); ++i)
        hidden[i] = char(hidden[i] ^ mask[i % 4]);
    m_socket->write(frame + mask + hidden);
}

void WebSocketClient::close(quint16 code, const QByteArray &reason)
{
    QByteArray payload(2, '\0');
    qToBigEndian(code, payload.data());
    m_closeSent = true;
    sendFrame(Close, payload + reason);
}

void WebSocketClient::abort()
{
    m_socket->abort();
    onDisconnected();
}

void WebSocketClient::stopReading()
{
    m_reading = false;
    m_socket->setReadBufferSize(1);
}

void WebSocketClient::continueReading()
{
    m_reading = true;
    m_socket->setReadBufferSize(0);
    onReadyRead();
}

void WebSocketClient::onReadyRead()
{
    if (!m_reading)
        return;
    if (m_socket->bytesAvailable() > 0)
        m_input += m_socket->readAll();
    if (!m_open && m_handshake.status == 0)
        readHandshake();
    while (m_open && readFrame()) { }
}

void WebSocketClient::onDisconnected()
{
    if (m_closed)
        return;
    onReadyRead();
    m_closed = true;
    emit closed();
}

void WebSocketClient::readHandshake()
{
    const qsizetype end = m_input.indexOf("\r\n\r\n");
    if (end < 0)
        return;
    const QList<QByteArray> lines = m_input.left(end).replace("\r\n", "\n").split('\n');
    HttpAnswer answer;
    answer.status = lines.first().mid(9, 3).toInt();
    for (const QByteArray &line : lines.mid(1)) {
        const qsizetype colon = line.indexOf(':');
        answer.headers.append({line.left(colon), line.mid(colon + 1).trimmed()});
    }
    const QByteArray rest = m_input.mid(end + 4);
    if (answer.status != 101) {
        if (rest.size() < answer.header("Content-Length").toLongLong())
            return;
        answer.body = rest;
        m_handshake = answer;
        return;
    }
    m_handshake = answer;
    m_input = rest;
    const QByteArray accept
        = QCryptographicHash::hash(m_key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", QCryptographicHash::Sha1)
              .toBase64();
    if (answer.header("Sec-WebSocket-Accept") != accept)
        m_violations.append("wrong Sec-WebSocket-Accept");
    const QByteArray chosen = answer.header("Sec-WebSocket-Protocol");
    if (!chosen.isNull() && !(", " + m_options.subprotocols + ",").contains(" " + chosen + ","))
        m_violations.append("a subprotocol that was not offered: " + chosen);
    m_open = true;
}

bool WebSocketClient::readFrame()
{
    if (m_input.size() < 2)
        return false;
    const auto first = quint8(m_input[0]);
    const auto second = quint8(m_input[1]);
    qsizetype head = 2;
    quint64 length = second & 0x7F;
    if (length >= 126) {
        head = length == 126 ? 4 : 10;
        if (m_input.size() < head)
            return false;
        length = length == 126 ? qFromBigEndian<quint16>(m_input.constData() + 2)
                               : qFromBigEndian<quint64>(m_input.constData() + 2);
    }
    if (first & 0x70)
        m_violations.append("a reserved bit is set");
    if (second & 0x80) {
        m_violations.append("a server's frame is masked");
        head += 4; // the key; the payload stays hidden
    }
    if (quint64(m_input.size() - head) < length)
        return false;
    const QByteArray payload = m_input.mid(head, qsizetype(length));
    m_input.remove(0, head + qsizetype(length));
    onFrame(first & 0x0F, first & 0x80, payload);
    return true;
}

void WebSocketClient::onFrame(int opcode, bool final, const QByteArray &payload)
{
    if (opcode >= Close && (!final || payload.size() > 125))
        m_violations.append("a control frame is fragmented or too long");
    switch (opcode) {
    case Text:
    case Binary:
        if (m_partial)
            m_violations.append("a new message within another");
        m_partial = Message{payload, opcode == Text};
        break;
    case Continuation:
        if (!m_partial) {
            m_violations.append("a continuation of nothing");
            return;
        }
        m_partial->bytes += payload;
        break;
    case Ping:
        m_pings.append(payload);
        if (m_answersPings)
            sendFrame(Pong, payload);
        return;
    case Pong:
        m_pongs.append(payload);
        return;
    case Close:
        m_closeCode = payload.size() >= 2 ? qFromBigEndian<quint16>(payload.constData()) : 1005;
        m_closeReason = payload.mid(2);
        if (!m_closeSent) {
            m_closeSent = true;
            sendFrame(Close, payload.left(2));
        }
        return;
    default:
        m_violations.append("unknown opcode " + QByteArray::number(opcode));
        return;
    }
    if (!final)
        return;
    if (m_partial->isText && QString::fromUtf8(m_partial->bytes).contains(QChar::ReplacementCharacter)
        && !m_partial->bytes.contains("\xEF\xBF\xBD"))
        m_violations.append("a text message is not UTF-8");
    m_messages.append(*std::exchange(m_partial, std::nullopt));
    emit messageArrived();
}

} // namespace msgsrv::test
