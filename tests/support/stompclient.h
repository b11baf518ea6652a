// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/websocketclient.h"

#include <QTimer>

namespace msgsrv::test {

struct StompFrame
{
    QByteArray command; ///< empty: no frame
    Headers headers; ///< unescaped, as they came
    QByteArray body;

    /// The first value of @p name, or null.
    [[nodiscard]] QByteArray header(const char *name) const;
    [[nodiscard]] bool hasHeader(const char *name) const { return !header(name).isNull(); }
    [[nodiscard]] QJsonObject json() const;
    explicit operator bool() const { return !command.isEmpty(); }
};

/// Bytes of a STOMP 1.2 frame, content-length included when there is a body.
[[nodiscard]] QByteArray stompBytes(const QByteArray &command, const Headers &headers,
                                    const QByteArray &body = {});

/// A STOMP 1.2 client with a codec of its own that trusts the server with nothing: whatever the server does
/// against STOMP or against our own rules (one whole frame per WebSocket message) is in violations().
class StompClient : public QObject
{
    Q_OBJECT

public:
    /// Starts the WebSocket handshake with @p address (`host:port`).
    explicit StompClient(const QByteArray &address, const WebSocketClient::Options &options = {});

    [[nodiscard]] WebSocketClient &webSocket() { return m_webSocket; }
    [[nodiscard]] bool waitForOpen() { return m_webSocket.waitForOpen(); }

    void send(const QByteArray &command, const Headers &headers, const QByteArray &body = {});
    /// Sends the frame with a `receipt` and waits for its RECEIPT; the ERROR instead, if that comes.
    StompFrame sendForReceipt(const QByteArray &command, Headers headers, const QByteArray &body = {});
    /// Sends CONNECT and waits for CONNECTED or ERROR. The handshake need not be over.
    StompFrame connectAs(const QByteArray &login, const QByteArray &passcode, const Headers &further = {});
    /// Sends a heart-beat every so often from now on, 0: never.
    void beatEvery(int milliseconds);

    /// Waits for the next frame with this command and takes it; other frames stay.
    StompFrame next(const QByteArray &command, int timeoutMs = 20'000);
    /// Takes all MESSAGE frames that are there, in order.
    QList<StompFrame> takeMessages();
    /// All frames that are there.
    [[nodiscard]] const QList<StompFrame> &frames() const { return m_frames; }
    [[nodiscard]] int beatsSeen() const { return m_beatsSeen; }
    [[nodiscard]] QList<QByteArray> violations() const { return m_violations + m_webSocket.violations(); }

signals:
    /// A frame was added to frames().
    void frameArrived();

private:
    void onMessages();
    void onMessage(const QByteArray &bytes);

    WebSocketClient m_webSocket;
    QList<QByteArray> m_unsent; // what waits for the end of the handshake
    QList<StompFrame> m_frames;
    QList<QByteArray> m_violations;
    QTimer m_beat;
    int m_beatsSeen = 0;
    int m_receipts = 0;
};

} // namespace msgsrv::test
