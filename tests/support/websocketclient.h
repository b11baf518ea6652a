// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/httpclient.h"

#include <QObject>

#include <optional>

namespace msgsrv::test {

/// A WebSocket client (RFC 6455) with a framing of its own, which can also send what no client should.
class WebSocketClient : public QObject
{
    Q_OBJECT

public:
    struct Options
    {
        QByteArray path = "/ws";
        QByteArray subprotocols = "v12.stomp, v11.stomp, v10.stomp"; ///< empty: no header
        QByteArray origin; ///< empty: no header
        Headers headers; ///< further ones
        Tls tls = Tls::Off;
    };
    struct Message
    {
        QByteArray bytes;
        bool isText = false;
    };
    enum Opcode { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

    /// Starts the handshake with @p address (`host:port`).
    explicit WebSocketClient(const QByteArray &address);
    WebSocketClient(const QByteArray &address, const Options &options);

    /// Runs the event loop until the handshake is over; true when it succeeded.
    [[nodiscard]] bool waitForOpen();
    [[nodiscard]] bool isOpen() const { return m_open && !m_closed; }
    /// The answer to the handshake, also when it is a refusal.
    [[nodiscard]] const HttpAnswer &handshake() const { return m_handshake; }

    void sendText(const QByteArray &bytes) { sendFrame(Text, bytes); }
    void sendBinary(const QByteArray &bytes) { sendFrame(Binary, bytes); }
    /// One frame; @p opcode may be anything of 4 bits.
    void sendFrame(int opcode, const QByteArray &payload, bool final = true, bool masked = true);
    void sendRaw(const QByteArray &bytes) { m_socket->write(bytes); }
    void close(quint16 code = 1000, const QByteArray &reason = {});
    /// Ends the TCP connection without a close handshake.
    void abort();

    /// From now on nothing is read from the socket: a slow client.
    void stopReading();
    void continueReading();
    /// Answer pings (on by default).
    void setAnswersPings(bool answers) { m_answersPings = answers; }

    /// The stream has ended, in whatever way.
    [[nodiscard]] bool isClosed() const { return m_closed; }
    [[nodiscard]] bool waitForClosed();
    /// The code of the server's close frame; 1005: without a code; 1006: none came.
    [[nodiscard]] quint16 closeCode() const { return m_closeCode; }
    [[nodiscard]] QByteArray closeReason() const { return m_closeReason; }

    [[nodiscard]] const QList<QByteArray> &pings() const { return m_pings; }
    [[nodiscard]] const QList<QByteArray> &pongs() const { return m_pongs; }
    /// What the server did against RFC 6455; empty when nothing.
    [[nodiscard]] const QList<QByteArray> &violations() const { return m_violations; }
    /// Messages that came and were not taken, the oldest first.
    [[nodiscard]] QList<Message> takeMessages() { return std::exchange(m_messages, {}); }
    [[nodiscard]] QTcpSocket &socket() { return *m_socket; }

signals:
    void messageArrived();
    void closed();

private:
    void onReadyRead();
    void onDisconnected();
    void readHandshake();
    [[nodiscard]] bool readFrame();
    void onFrame(int opcode, bool final, const QByteArray &payload);

    Options m_options;
    QByteArray m_key;
    SocketPtr m_socket;
    HttpAnswer m_handshake;
    QByteArray m_input;
    std::optional<Message> m_partial;
    QList<Message> m_messages;
    QList<QByteArray> m_pings;
    QList<QByteArray> m_pongs;
    QList<QByteArray> m_violations;
    QByteArray m_closeReason;
    quint16 m_closeCode = 1006;
    bool m_open = false;
    bool m_closed = false;
    bool m_closeSent = false;
    bool m_reading = true;
    bool m_answersPings = true;
};

} // namespace msgsrv::test
